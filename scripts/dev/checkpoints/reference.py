"""Writes the tiny checkpoints that all others are made from, with random weights, in the layout of the 2024 files on the hub.

    python reference.py OUT        writes OUT/paligemma1 and OUT/paligemma2
"""
import json
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

import sizes


def shapes(config):
    """Name -> shape. Written out here, so that no library's idea of the layout decides what is expected."""
    text, vision = config["text_config"], config["vision_config"]
    d, ff, hd = text["hidden_size"], text["intermediate_size"], text["head_dim"]
    heads, kv = text["num_attention_heads"], text["num_key_value_heads"]
    t = "language_model.model."
    out = {f"{t}embed_tokens.weight": [text["vocab_size"], d], f"{t}norm.weight": [d]}
    norms = ["input_layernorm", "post_attention_layernorm"]
    if text["model_type"] == "gemma2":
        norms += ["pre_feedforward_layernorm", "post_feedforward_layernorm"]
    for n in range(text["num_hidden_layers"]):
        p = f"{t}layers.{n}."
        for norm in norms:
            out[f"{p}{norm}.weight"] = [d]
        out[f"{p}self_attn.q_proj.weight"] = [heads * hd, d]
        out[f"{p}self_attn.k_proj.weight"] = [kv * hd, d]
        out[f"{p}self_attn.v_proj.weight"] = [kv * hd, d]
        out[f"{p}self_attn.o_proj.weight"] = [d, heads * hd]
        out[f"{p}mlp.gate_proj.weight"] = [ff, d]
        out[f"{p}mlp.up_proj.weight"] = [ff, d]
        out[f"{p}mlp.down_proj.weight"] = [d, ff]
    w, wide, patch = vision["hidden_size"], vision["intermediate_size"], vision["patch_size"]
    v = "vision_tower.vision_model."
    out[f"{v}embeddings.patch_embedding.weight"] = [w, 3, patch, patch]
    out[f"{v}embeddings.patch_embedding.bias"] = [w]
    out[f"{v}embeddings.position_embedding.weight"] = [(vision["image_size"] // patch) ** 2, w]
    for n in range(vision["num_hidden_layers"]):
        p = f"{v}encoder.layers.{n}."
        for norm in ("layer_norm1", "layer_norm2"):
            out[f"{p}{norm}.weight"] = out[f"{p}{norm}.bias"] = [w]
        for matrix, rows, columns in [*[(f"self_attn.{x}_proj", w, w) for x in ("q", "k", "v", "out")],
                                      ("mlp.fc1", wide, w), ("mlp.fc2", w, wide)]:
            out[f"{p}{matrix}.weight"], out[f"{p}{matrix}.bias"] = [rows, columns], [rows]
    out[f"{v}post_layernorm.weight"] = out[f"{v}post_layernorm.bias"] = [w]
    out["multi_modal_projector.linear.weight"], out["multi_modal_projector.linear.bias"] = [d, w], [d]
    return out


def random_weights(config, generator):
    weights = {}
    for name, shape in shapes(config).items():
        x = torch.randn(shape, generator=generator)
        if len(shape) > 1 and "position" not in name and "embed_tokens" not in name:
            x *= x[0].numel() ** -0.5  # keeps the variance of what flows through
        elif len(shape) == 1:
            x *= 0.1
            if "vision" in name and "norm" in name and name.endswith("weight"):
                x += 1  # LayerNorm multiplies by the weight, Gemma's RMSNorm by 1 + weight
        weights[name] = x.to(torch.bfloat16)
    return weights


def main(out):
    for generation in (1, 2):
        folder = Path(out, f"paligemma{generation}")
        folder.mkdir(parents=True, exist_ok=True)
        config = sizes.tiny(generation)
        weights = random_weights(config, torch.Generator().manual_seed(generation))
        save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
        (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
