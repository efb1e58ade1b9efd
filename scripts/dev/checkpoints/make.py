"""Makes test/fixtures/saved-by: tiny checkpoints as the real libraries save them.

    python3 scripts/dev/checkpoints/make.py FOLDER          all of it, some 20 minutes and 3 GB in FOLDER
    python3 scripts/dev/checkpoints/make.py FOLDER --collect    only the manifest anew, from what FOLDER holds

Needs Python 3.11 and PyPI. One virtual environment holds PyTorch (a CPU build is enough) and what all share; each version
of transformers has a folder of its own, which PYTHONPATH puts first. Every maker runs in a process of its own, writes a
folder and a row for each fixture, and this script copies them into the repository: a file that is byte for byte another's
is stored once (`files` of the manifest), so that the fixtures stay small. JSON is stored without its white space.
"""
import hashlib
import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
FIXTURES = HERE.parents[2] / "test" / "fixtures"
TARGET = FIXTURES / "saved-by"

SHARED = ["torch==2.13.0", "numpy==1.26.4", "safetensors==0.8.0", "pillow", "sentencepiece==0.2.3", "protobuf", "regex", "requests",
          "pyyaml", "tqdm", "filelock", "packaging", "psutil", "httpx", "typer", "jinja2", "fsspec"]
# transformers, tokenizers, huggingface_hub: the versions where the layout or the settings changed, and what they accept.
TRANSFORMERS = {
    "4.41.2": ("0.19.1", "0.25.2"),  # the first with PaliGemma
    "4.44.2": ("0.19.1", "0.25.2"),
    "4.47.1": ("0.21.4", "0.27.1"),  # the first good one with PaliGemma 2
    "4.49.0": ("0.21.4", "0.29.3"),
    "4.51.3": ("0.21.4", "0.30.2"),
    "4.52.4": ("0.21.4", "0.33.5"),  # model.language_model in memory
    "4.53.3": ("0.21.4", "0.33.5"),
    "4.57.6": ("0.22.1", "0.36.0"),  # the last before 5
    "5.0.0": ("0.22.1", "1.3.0"),
    "5.24.0": ("0.23.3", "1.33.0"),
}
NEWEST, OLD, LAST_4 = "5.24.0", "4.47.1", "4.57.6"
TOOLS = ["peft==0.21.2", "accelerate==1.15.0", "lightning==2.6.6", "pytorch-lightning==2.6.6", "lightning-utilities==0.15.3",
         "torchmetrics==1.9.0"]
MLX = ["mlx==0.32.4", "mlx-cpu==0.32.4", "mlx-lm==0.32.2", "mlx-vlm==0.7.10"]
NOT_KEPT = ("row.json", "golden.json", "README.md", "generation_config.json", "preprocessor_config.json", "processor_config.json",
            "chat_template.jinja", "rng_state.pth", "training_args.bin")
RUNS = [
    *[("by_transformers.py", [version]) for version in TRANSFORMERS],
    ("by_peft.py", [NEWEST, "tools"]),
    ("by_wrappers.py", [NEWEST, "tools"]),
    ("by_wrappers.py", [OLD, "tools"]),
    ("by_tokens.py", [NEWEST, "tools"]),
    ("by_tokens.py", [LAST_4]),
    ("by_tokens.py", [OLD]),
    ("by_mlx.py", [NEWEST, "mlx"]),
    ("laid_out.py", [NEWEST]),
    ("golden.py", [NEWEST]),
]


def install(work):
    python = work / "bin" / "python"
    if not python.exists():
        venv.create(work, with_pip=True)
    pip = [python, "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, *SHARED], check=True)
    for version, (tokenizers, hub) in TRANSFORMERS.items():
        folder = work / "versions" / version
        if not folder.exists():
            subprocess.run([*pip, "--no-deps", "--target", folder, f"transformers=={version}", f"tokenizers=={tokenizers}",
                            f"huggingface_hub=={hub}"], check=True)
    for name, packages in (("tools", TOOLS), ("mlx", MLX)):
        if not (work / "versions" / name).exists():
            subprocess.run([*pip, "--no-deps", "--target", work / "versions" / name, *packages], check=True)


def make(work):
    python, out = work / "bin" / "python", work / "made" / "saved"
    shutil.rmtree(work / "made", ignore_errors=True)
    out.mkdir(parents=True)
    subprocess.run([python, HERE / "reference.py", work / "made" / "reference"], check=True)
    for script, folders in RUNS:
        path = os.pathsep.join(str(work / "versions" / folder) for folder in folders)
        subprocess.run([python, HERE / script, out], check=True, cwd=out.parent,
                       env={**os.environ, "PYTHONPATH": path, "HF_HUB_OFFLINE": "1"})


def stored(file):
    """The bytes to keep: JSON without white space, everything else as it is."""
    data = file.read_bytes()
    if file.suffix == ".json":
        return json.dumps(json.loads(data), ensure_ascii=False, separators=(",", ":")).encode()
    return data


class Store:
    """Writes each content once; the answer is its path within test/fixtures."""

    def __init__(self):
        self.places = {}
        for file in sorted((FIXTURES / "checkpoints" / "tiny-paligemma1").iterdir()):
            self.places[hashlib.sha256(stored(file)).digest()] = file.relative_to(FIXTURES).as_posix()

    def put(self, file, place):
        data = stored(file)
        key = hashlib.sha256(data).digest()
        if key not in self.places:
            target = TARGET / place
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
            self.places[key] = target.relative_to(FIXTURES).as_posix()
        return self.places[key]


def collect(work):
    sys.argv = [__file__]
    from fixture import layout

    made = work / "made"
    for old in TARGET.iterdir() if TARGET.exists() else ():
        if old.is_dir():
            shutil.rmtree(old)
    store, manifest = Store(), {"references": {}, "fixtures": []}
    for folder in sorted((made / "reference").iterdir()):
        manifest["references"][folder.name] = {f.name: store.put(f, f"reference/{folder.name}/{f.name}") for f in sorted(folder.iterdir())}
    for folder in sorted(f.parent for f in (made / "saved").glob("*/row.json")):
        row = json.loads((folder / "row.json").read_text())
        row.setdefault("layout", layout(folder))
        row["files"] = {f.name: store.put(f, f"{folder.name}/{f.name}") for f in sorted(folder.iterdir())
                        if f.name not in NOT_KEPT}
        if row.get("golden"):
            row["golden"] = store.put(folder / "golden.json", f"{folder.name}/golden.json")
        manifest["fixtures"].append(row)
    shutil.copytree(made / "saved" / "configs", TARGET / "configs")
    (TARGET / "manifest.json").write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")
    size = sum(f.stat().st_size for f in TARGET.rglob("*") if f.is_file())
    print(f"{len(manifest['fixtures'])} fixtures, {size / 1e6:.2f} MB")
    assert size <= 3e6


if __name__ == "__main__":
    work = Path(sys.argv[1]).resolve()
    if "--collect" not in sys.argv:
        install(work)
        make(work)
    collect(work)
