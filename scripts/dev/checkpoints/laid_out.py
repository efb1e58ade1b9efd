"""A checkpoint of big_vision, which is no package, laid out from its source; and folders as downloads and exports leave them.

    PYTHONPATH=transformers python laid_out.py OUT
"""
import numpy as np
import torch
import transformers
from safetensors.torch import load_file

from by_transformers import load
from fixture import Fixture, reference

WITH = dict(tool="transformers", version=transformers.__version__)


def arrays(generation):
    """The tensors as big_vision names and stacks them (models/ppp/gemma.py, models/vit.py), float32 as it trains."""
    w = {k: v.float().numpy() for k, v in load_file(reference(generation) / "model.safetensors").items()}
    t, v = "language_model.model.", "vision_tower.vision_model."
    def stack(name, shape=lambda x: x):
        return np.stack([shape(w[f"{name.format(n)}"]) for n in range(2)])
    def heads(x, count):  # [heads * size, width] -> [heads, width, size]
        return x.reshape(count, 8, -1).transpose(0, 2, 1)
    out = {}
    layer = t + "layers.{}."
    q, kv = {1: (2, 1), 2: (4, 2)}[generation]
    llm = out.setdefault
    llm("llm/embedder/input_embedding", w[t + "embed_tokens.weight"][:1792])
    llm("llm/final_norm/scale", w[t + "norm.weight"])
    llm("llm/layers/pre_attention_norm/scale", stack(layer + "input_layernorm.weight"))
    llm("llm/layers/attn/q_einsum/w", stack(layer + "self_attn.q_proj.weight", lambda x: heads(x, q)))
    llm("llm/layers/attn/kv_einsum/w", np.stack([stack(layer + f"self_attn.{x}_proj.weight", lambda x: heads(x, kv)) for x in "kv"], 1))
    llm("llm/layers/attn/attn_vec_einsum/w", stack(layer + "self_attn.o_proj.weight", lambda x: x.T.reshape(q, 8, -1)))
    llm("llm/layers/mlp/gating_einsum", np.stack([stack(layer + f"mlp.{x}_proj.weight", np.transpose) for x in ("gate", "up")], 1))
    llm("llm/layers/mlp/linear", stack(layer + "mlp.down_proj.weight", np.transpose))
    if generation == 1:
        llm("llm/layers/pre_ffw_norm/scale", stack(layer + "post_attention_layernorm.weight"))
    else:
        llm("llm/layers/post_attention_norm/scale", stack(layer + "post_attention_layernorm.weight"))
        llm("llm/layers/pre_ffw_norm/scale", stack(layer + "pre_feedforward_layernorm.weight"))
        llm("llm/layers/post_ffw_norm/scale", stack(layer + "post_feedforward_layernorm.weight"))
    out["img/embedding/kernel"] = w[v + "embeddings.patch_embedding.weight"].transpose(2, 3, 1, 0)
    out["img/embedding/bias"] = w[v + "embeddings.patch_embedding.bias"]
    out["img/pos_embedding"] = w[v + "embeddings.position_embedding.weight"][None]
    block, own = "img/Transformer/encoderblock/", v + "encoder.layers.{}."
    count = {1: 2, 2: 3}[generation]
    for i in (1, 2):
        out[f"{block}LayerNorm_{i - 1}/scale"] = stack(f"{own}layer_norm{i}.weight")
        out[f"{block}LayerNorm_{i - 1}/bias"] = stack(f"{own}layer_norm{i}.bias")
    attention = block + "MultiHeadDotProductAttention_0/"
    for a, b in (("query", "q"), ("key", "k"), ("value", "v")):
        out[f"{attention}{a}/kernel"] = stack(f"{own}self_attn.{b}_proj.weight", lambda x: x.T.reshape(x.shape[1], count, -1))
        out[f"{attention}{a}/bias"] = stack(f"{own}self_attn.{b}_proj.bias", lambda x: x.reshape(count, -1))
    out[f"{attention}out/kernel"] = stack(f"{own}self_attn.out_proj.weight", lambda x: x.T.reshape(count, -1, x.shape[0]))
    out[f"{attention}out/bias"] = stack(f"{own}self_attn.out_proj.bias")
    for i, name in enumerate(("fc1", "fc2")):
        out[f"{block}MlpBlock_0/Dense_{i}/kernel"] = stack(f"{own}mlp.{name}.weight", np.transpose)
        out[f"{block}MlpBlock_0/Dense_{i}/bias"] = stack(f"{own}mlp.{name}.bias")
    out["img/Transformer/encoder_norm/scale"], out["img/Transformer/encoder_norm/bias"] = w[v + "post_layernorm.weight"], w[v + "post_layernorm.bias"]
    out["img/head/kernel"] = w["multi_modal_projector.linear.weight"].T
    out["img/head/bias"] = w["multi_modal_projector.linear.bias"]
    return {name: np.ascontiguousarray(array) for name, array in out.items()}


def main():
    # big_vision utils.save_checkpoint writes the whole tree of the training state: params, opt, extra. Adafactor keeps
    # factored statistics and, for small arrays, whole ones.
    with Fixture("big-vision-training", tool="big_vision", version="main", real=False, layout="npz with opt/ beside params/",
                 how="laid out from utils.save_checkpoint and trainers/proj/paligemma/train.py", expected=dict(reads="paligemma1")) as f:
        params = arrays(1)
        tree = {f"params/{k}": v for k, v in params.items()}
        for name, value in params.items():
            if value.ndim == 1:
                tree[f"opt/0/0/1/0/v/{name}"] = np.abs(value) * 0.01
        tree["opt/0/0/1/0/count"] = np.array(100, np.int32)
        tree["extra/step"] = np.array(100, np.int64)
        np.savez_compressed(f.path / "checkpoint.npz", **tree)

    with Fixture("shards-without-index", **WITH, real=True, how="save_pretrained(max_shard_size), index not downloaded",
                 layout="shards without an index", expected=dict(reads="paligemma2")) as f:
        load(2).save_pretrained(f.path, max_shard_size="12KB")
        (f.path / "model.safetensors.index.json").unlink()
    with Fixture("shard-missing", **WITH, real=True, how="save_pretrained(max_shard_size), neither index nor last shard downloaded", layout="shards without an index",
                 expected=dict(refuses="incomplete")) as f:
        load(2).save_pretrained(f.path, max_shard_size="12KB")
        (f.path / "model.safetensors.index.json").unlink()
        sorted(f.path.glob("*.safetensors"))[-1].unlink()
    with Fixture("other-name", **WITH, real=True, how="save_pretrained, file renamed", layout="one file under another name",
                 expected=dict(reads="paligemma1")) as f:
        load(1).save_pretrained(f.path)
        (f.path / "model.safetensors").rename(f.path / "paligemma_finetuned.safetensors")
    with Fixture("pytorch-bin", **WITH, real=True, how="torch.save of the state dict as pytorch_model.bin", layout="pickle",
                 expected=dict(refuses="pickle")) as f:
        model = load(1)
        torch.save(model.state_dict(), f.path / "pytorch_model.bin")
        model.config.save_pretrained(f.path)


if __name__ == "__main__":
    main()
