"""Weights saved around a model, not by it: by accelerate and safetensors, of models inside wrappers.

    PYTHONPATH=transformers:tools python by_wrappers.py OUT

Run with a version of transformers from before 4.52 and with one after it: the names inside the model changed there.
"""
import os
import shutil
import tempfile
from pathlib import Path

import accelerate
import lightning
import safetensors
import torch
import transformers
from safetensors.torch import save_file, save_model

from by_transformers import NUMBER, load
from fixture import Fixture, model_only
from sizes import BOS, EOS, NEWLINE, VOCABULARY

NEW = NUMBER >= (4, 52)
WITH = f"transformers {transformers.__version__}"
TAG = "" if NEW else f"-transformers-{transformers.__version__}"


def fixture(name, tool, version, how, generation=2):
    beside = {} if tool == "transformers" else dict(beside=WITH)
    return Fixture(f"{name}{TAG}", tool=tool, version=version, **beside, real=True, how=how,
                   expected=dict(reads=f"paligemma{generation}"))


class Module(lightning.LightningModule):
    def __init__(self, model):
        super().__init__()
        self.model = model


def train_without_learning(folder):
    """One step of Trainer at a learning rate of 0: its checkpoint holds the base's weights and all that it keeps beside them."""
    model = load(2)
    ids = torch.tensor([VOCABULARY] * 9 + [BOS, 40, 50, NEWLINE, 60, EOS])
    example = dict(input_ids=ids, attention_mask=torch.ones_like(ids), token_type_ids=(torch.arange(len(ids)) > 12).long(),
                   labels=ids, pixel_values=torch.zeros(3, 21, 21, dtype=torch.bfloat16))
    arguments = transformers.TrainingArguments(folder, max_steps=1, save_steps=1, learning_rate=0.0, optim="sgd", report_to=[],
                                               per_device_train_batch_size=1, use_cpu=True, remove_unused_columns=False)
    transformers.Trainer(model=model, args=arguments, train_dataset=[example]).train()


def main():
    if NEW:
        with fixture("trainer-checkpoint", "transformers", transformers.__version__, "Trainer, its folder checkpoint-1") as f, \
                tempfile.TemporaryDirectory() as folder:
            train_without_learning(folder)
            shutil.copytree(Path(folder, "checkpoint-1"), f.path, dirs_exist_ok=True)
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
