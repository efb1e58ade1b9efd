"""Completes golden.json of each fixture that asks for one: the twenty likeliest first tokens after a picture and a prompt.

    PYTHONPATH=transformers python golden.py OUT

Computed as everything in test/fixtures/checkpoints: eager attention, f32, one sequence, no padding, no cache. The
log-probabilities are over the ids that can be generated: those of the tokenizer without <image>. Padding rows are none of them.
"""
import json

import numpy as np
import torch
from PIL import Image
from safetensors import safe_open
from transformers import PaliGemmaForConditionalGeneration

from fixture import FIXTURES, OUT
from sizes import VOCABULARY


def pixels(name, size):
    picture = Image.open(FIXTURES / "images" / name).convert("RGB").resize((size, size), Image.BICUBIC)
    return torch.tensor(np.asarray(picture).copy()).permute(2, 0, 1)[None].float() / 255 * 2 - 1


@torch.no_grad()
def first_token(model, px, prefix, vocabulary):
    patches = (model.config.vision_config.image_size // model.config.vision_config.patch_size) ** 2
    ids = torch.tensor([[VOCABULARY] * patches + prefix])
    logits = model(input_ids=ids, pixel_values=px, attention_mask=torch.ones_like(ids), token_type_ids=torch.zeros_like(ids)).logits
    logits = logits[0, -1, :vocabulary].double()
    if vocabulary > VOCABULARY:
        logits[VOCABULARY] = -torch.inf
    top = logits.log_softmax(-1).topk(20)
    return [[i, round(p, 6)] for i, p in zip(top.indices.tolist(), top.values.tolist())]


def main():
    for file in sorted(OUT.glob("*/golden.json")):
        golden = json.loads(file.read_text())
        model = PaliGemmaForConditionalGeneration.from_pretrained(file.parent, dtype=torch.float32, attn_implementation="eager").eval()
        with safe_open(file.parent / "model.safetensors", "pt") as weights:
            head = next((n for n in weights.keys() if n.endswith("lm_head.weight")), None)
            own = weights.get_tensor(head or "language_model.model.embed_tokens.weight").float()
        assert torch.equal(model.lm_head.weight, own), f"{file}: the output matrix is not the one in the file"
        for case in golden["cases"]:
            px = pixels(case["image"], model.config.vision_config.image_size)
            case["top"] = first_token(model, px, case["prefixIds"], golden["vocabulary"])
        file.write_text(json.dumps(golden))
        print(file.parent.name, [c["top"][:3] for c in golden["cases"]], flush=True)


if __name__ == "__main__":
    main()
