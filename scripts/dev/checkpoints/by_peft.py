"""What peft leaves behind: adapters alone and beside their base, merged models, and a merged model saved with peft's own names.

    PYTHONPATH=transformers:peft python by_peft.py OUT

The adapters are given random numbers as if trained: an untrained one is zero, and merging it would show nothing.
"""
import shutil

import peft
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file, save_model

from by_transformers import load
from fixture import Fixture, model_only, reference

ROW = dict(tool="peft", version=peft.__version__, real=True)
REFUSED = dict(expected=dict(refuses="adapter"))


def adapted(generation=2, **options):
    model = load(generation)
    config = LoraConfig(**(dict(r=2, lora_alpha=8, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM") | options))
    model = get_peft_model(model, config)
    model.peft_config["default"].base_model_name_or_path = "google/paligemma2-3b-pt-224"
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "lora_" in name:
                weight.copy_(torch.randn(weight.shape, generator=generator) * 0.3)
    return model


def merged_reference(model):
    """The merged weights under the names of the hub: what the other layouts of the same model must be read as."""
    folder = reference(2).with_name("merged2")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(reference(2), folder)
    names = {}
    for name, weight in model.state_dict().items():
        if name == "lm_head.weight":
            continue
        for own, hub in (("model.language_model.", "language_model.model."), ("model.vision_tower.vision_model.", "vision_tower.vision_model."),
                         ("model.vision_tower.", "vision_tower.vision_model."), ("model.", "")):
            if name.startswith(own):
                names[hub + name[len(own):]] = weight.contiguous()
                break
    base = load_file(folder / "model.safetensors")
    assert names.keys() == base.keys()
    changed = [n for n in names if not torch.equal(names[n], base[n])]
    assert len(changed) == 8, changed  # q_proj and v_proj of two layers, in both networks
    save_file(names, folder / "model.safetensors", metadata={"format": "pt"})


def main():
    for name, how, options in (
        ("lora", "save_pretrained of a LoRA", {}),
        ("rslora", "save_pretrained of a rank-stabilised LoRA", dict(use_rslora=True)),
        ("dora", "save_pretrained of a DoRA", dict(use_dora=True)),
        ("modules-to-save", "save_pretrained of a LoRA with modules_to_save", dict(modules_to_save=["multi_modal_projector"])),
    ):
        with Fixture(f"peft-{name}", **ROW, how=how, layout="adapter alone", **REFUSED) as f:
            adapted(**options).save_pretrained(f.path)
    with Fixture("peft-lora-beside-base", **ROW, how="adapter and base saved into one folder", layout="adapter beside its base",
                 **REFUSED) as f:
        load(2).save_pretrained(f.path)
        adapted().save_pretrained(f.path)
    with Fixture("peft-whole-state", **ROW, how="safetensors.torch.save_model of the PeftModel", layout="adapter within the weights",
                 **REFUSED) as f:
        model = adapted()
        save_model(model, str(f.path / "model.safetensors"))
        model_only(model.base_model.model, f.path)

    model = adapted()
    merged = model.merge_and_unload()
    merged_reference(merged)
    with Fixture("peft-merged", **ROW, how="merge_and_unload, save_pretrained", expected=dict(reads="merged2")) as f:
        merged.save_pretrained(f.path)
    with Fixture("peft-merged-own-names", **ROW, how="merge_and_unload, then save_model of the PeftModel itself",
                 expected=dict(reads="merged2")) as f:
        save_model(model, str(f.path / "model.safetensors"))
        model_only(merged, f.path)


if __name__ == "__main__":
    main()
