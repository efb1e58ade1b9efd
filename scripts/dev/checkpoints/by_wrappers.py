"""Weights saved around a model, not by it: by accelerate and safetensors, of models inside wrappers.

    PYTHONPATH=transformers:tools python by_wrappers.py OUT

Run with a version of transformers from before 4.52 and with one after it: the names inside the model changed there.
"""
import os

import accelerate
import lightning
import safetensors
import torch
import transformers
from safetensors.torch import save_file, save_model

from by_transformers import NUMBER, load
from fixture import Fixture, model_only

NEW = NUMBER >= (4, 52)
WITH = f"transformers {transformers.__version__}"
TAG = "" if NEW else f"-transformers-{transformers.__version__}"


def fixture(name, tool, version, how, generation=2):
    return Fixture(f"{name}{TAG}", tool=tool, version=version, beside=WITH, real=True, how=how,
                   expected=dict(reads=f"paligemma{generation}"))


class Module(lightning.LightningModule):
    def __init__(self, model):
        super().__init__()
        self.model = model


def main():
    with fixture("accelerate-save-model", "accelerate", accelerate.__version__, "Accelerator().save_model") as f:
        model = load(2)
        accelerate.Accelerator(cpu=True).save_model(model, f.path)
        model_only(model, f.path)
    with fixture("safetensors-save-model", "safetensors", safetensors.__version__, "safetensors.torch.save_model", 1) as f:
        model = load(1)
        save_model(model, str(f.path / "model.safetensors"))
        model_only(model, f.path)
    with fixture("state-dict-clone", "safetensors", safetensors.__version__,
                 "save_file of a state dict cloned, so that the tied matrix is there twice", 1) as f:
        model = load(1)
        save_file({k: v.clone() for k, v in model.state_dict().items()}, f.path / "model.safetensors")
        model_only(model, f.path)

    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT="29513", RANK="0", WORLD_SIZE="1")
    torch.distributed.init_process_group("gloo")
    ddp = torch.nn.parallel.DistributedDataParallel
    for name, tool, version, wrap, how in (
        ("torch-compile", "torch", torch.__version__, torch.compile, "save_model of torch.compile(model)"),
        ("torch-ddp", "torch", torch.__version__, ddp, "save_model of DistributedDataParallel(model)"),
        ("torch-compile-ddp", "torch", torch.__version__, lambda m: torch.compile(ddp(m)), "save_model of torch.compile(DDP(model))"),
        ("lightning", "lightning", lightning.__version__, Module, "save_model of a LightningModule that holds the model as self.model"),
    ):
        with fixture(name, tool, version.split("+")[0], how) as f:
            model = load(2)
            save_model(wrap(model), str(f.path / "model.safetensors"))
            model_only(model, f.path)
    torch.distributed.destroy_process_group()

    if NEW:
        with Fixture("lightning-checkpoint", tool="lightning", version=lightning.__version__, beside=WITH, real=True,
                     how="Trainer.save_checkpoint", layout="pickle", expected=dict(refuses="pickle")) as f:
            module = Module(load(2))
            module.configure_optimizers = lambda: None
            trainer = lightning.Trainer(accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
                                        enable_model_summary=False, max_steps=0)
            trainer.strategy.connect(module)
            trainer.save_checkpoint(f.path / "last.ckpt", weights_only=True)
            model_only(module.model, f.path)


if __name__ == "__main__":
    main()
