"""What mlx-vlm converts a checkpoint to: the patch embedding as MLX's convolution has it, [out, height, width, in].

    PYTHONPATH=transformers:mlx python by_mlx.py OUT
"""
import shutil
import tempfile
from importlib.metadata import version
from pathlib import Path

from mlx_vlm.convert import convert

from fixture import TOKENIZER, Fixture, header, reference


def main():
    with Fixture("mlx", tool="mlx-vlm", version=version("mlx-vlm"), real=True, how="mlx_vlm.convert", layout="patch embedding [out, h, w, in]",
                 expected=dict(reads="paligemma2")) as f, tempfile.TemporaryDirectory() as base:
        shutil.copytree(reference(2), base, dirs_exist_ok=True)
        for file in TOKENIZER.parent.iterdir():
            if "token" in file.name or file.name == "preprocessor_config.json":
                shutil.copy(file, base)
        made = Path(base, "made")
        convert(base, str(made))
        # Its tokenizer.json has nothing that the other fixtures have not, and is large.
        for name in ("config.json", "model.safetensors", "model.safetensors.index.json"):
            shutil.copy(made / name, f.path)
        assert header(f.path / "model.safetensors")["vision_tower.vision_model.embeddings.patch_embedding.weight"] == [12, 7, 7, 3]


if __name__ == "__main__":
    main()
