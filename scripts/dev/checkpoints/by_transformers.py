"""Run once with each version of transformers: saves the tiny checkpoints, and the settings of every published size.

    PYTHONPATH=that-version python by_transformers.py OUT
"""
import json
import tempfile
from pathlib import Path

import torch
import transformers
from transformers import PaliGemmaConfig, PaliGemmaForConditionalGeneration

import sizes
from fixture import OUT, Fixture, reference

VERSION = transformers.__version__
NUMBER = tuple(int(x) for x in VERSION.split(".")[:2])
GENERATIONS = (1, 2) if NUMBER >= (4, 47) else (1,)


def load(generation, dtype=torch.bfloat16):
    """A model as a fine-tuning script has it in hand."""
    model = PaliGemmaForConditionalGeneration.from_pretrained(reference(generation), torch_dtype=dtype)
    embedding = model.get_input_embeddings().weight
    from safetensors.torch import load_file
    expected = load_file(reference(generation) / "model.safetensors")["language_model.model.embed_tokens.weight"]
    assert torch.equal(embedding.detach(), expected.to(dtype)), "the checkpoint was not loaded"
    return model


def tiny(generation):
    row = dict(tool="transformers", version=VERSION, real=True)
    reads = dict(reads=f"paligemma{generation}")
    model = load(generation)
    with Fixture(f"transformers-{VERSION}-paligemma{generation}", **row, how="from_pretrained, save_pretrained",
                 expected=reads) as f:
        model.save_pretrained(f.path)
    built = PaliGemmaForConditionalGeneration(PaliGemmaConfig.from_dict(sizes.tiny(generation))).to(torch.bfloat16)
    built.load_state_dict(model.state_dict())
    with Fixture(f"transformers-{VERSION}-paligemma{generation}-built", **row, how="built from its config, save_pretrained",
                 expected=reads) as f:
        built.save_pretrained(f.path)
    if NUMBER >= (4, 52):
        with Fixture(f"transformers-{VERSION}-paligemma{generation}-base", **row,
                     how="model.model.save_pretrained: PaliGemmaModel, without the head", expected=reads) as f:
            model.model.save_pretrained(f.path)


def settings():
    """config.json of every published size at its real size, as save_pretrained writes it, from a model without memory."""
    out = {}
    for size in sizes.PUBLISHED_TEXT:
        if size != "3b" and 2 not in GENERATIONS:
            continue
        for resolution in sizes.RESOLUTIONS:
            config = PaliGemmaConfig.from_dict(sizes.published(size, resolution))
            with torch.device("meta"):
                model = PaliGemmaForConditionalGeneration(config)
            model.to(torch.bfloat16)
            # What save_pretrained does to the settings before it writes them; the weights alone are left out.
            model.config.architectures = [type(model).__name__]
            setattr(model.config, "dtype" if NUMBER >= (4, 56) else "torch_dtype", "bfloat16")
            with tempfile.TemporaryDirectory() as folder:
                model.config.save_pretrained(folder)
                out[f"{size}-{resolution}"] = json.loads(Path(folder, "config.json").read_text())
    folder = OUT / "configs"
    folder.mkdir(parents=True, exist_ok=True)
    Path(folder, f"transformers-{VERSION}.json").write_text(
        "{\n" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in out.items()) + "\n}\n")


if __name__ == "__main__":
    torch.manual_seed(0)
    for generation in GENERATIONS:
        tiny(generation)
    settings()
