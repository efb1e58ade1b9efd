"""What all makers share: where a fixture's files go, and its row of the manifest."""
import json
import os
import re
import shutil
import sys
from pathlib import Path

OUT = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else None
FIXTURES = Path(__file__).resolve().parents[3] / "test" / "fixtures"
TOKENIZER = FIXTURES / "checkpoints" / "tiny-paligemma1" / "tokenizer.model"


def reference(generation):
    """Relative to the folder that makers run in: old versions write it into config.json."""
    return Path("reference") / f"paligemma{generation}"


class Fixture:
    """A folder under OUT. `row` is what the manifest says of it: see README.md of the fixtures."""

    def __init__(self, id, **row):
        self.path = OUT / id
        shutil.rmtree(self.path, ignore_errors=True)
        self.path.mkdir(parents=True)
        self.row = dict(id=id, **row)

    def __enter__(self):
        return self

    def __exit__(self, error, *_):
        if error is None:
            (self.path / "row.json").write_text(json.dumps(self.row))
            print(self.row["id"], sorted(os.listdir(self.path)), flush=True)
        else:
            shutil.rmtree(self.path)


def model_only(model, folder):
    """As a training script that saves weights itself leaves it: the settings, and what it wrote."""
    model.config.save_pretrained(folder)


def header(file):
    """Names and shapes in a safetensors file."""
    with open(file, "rb") as f:
        size = int.from_bytes(f.read(8), "little")
        return {k: v["shape"] for k, v in json.loads(f.read(size)).items() if k != "__metadata__"}


def layout(folder):
    """The layout in words that a reader can compare: prefixes of the language model, vision tower and head."""
    names = [n for f in sorted(Path(folder).glob("*.safetensors")) for n in header(f)]
    found = []
    for tail in ("layers.0.input_layernorm.weight", "encoder.layers.0.layer_norm1.weight", "lm_head.weight"):
        found += sorted({n[: -len(tail)] + re.match(r"[a-z_]+\.?", tail).group() for n in names if n.endswith(tail)})
    return " ".join(found)
