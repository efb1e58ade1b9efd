"""Hugging Face's side of widths.mjs: saves a PaliGemma of a published width with random weights, and says what it would answer.

    python widths.py FOLDER VARIANT LAYERS PICTURE THREADS ID...

PICTURE holds RGB bytes at the model's own size, so that no resize comes between; the ids are the prompt's, BOS and separator
included. Prints the likeliest first tokens with their log-probabilities: eager attention, f32, one sequence, no cache.
"""
import json
import os
import sys
from pathlib import Path

folder, variant, layers, picture, threads, *prompt = sys.argv[1:]
os.environ.update(OMP_NUM_THREADS=threads, HF_HUB_OFFLINE="1")
import numpy as np
import torch
import transformers
from transformers import PaliGemmaConfig, PaliGemmaForConditionalGeneration

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts" / "dev" / "checkpoints"))
from sizes import published

IMAGE_TOKEN = 257152
# More than the 20 that are compared: what is 20th for one may be 21st for the other.
LIKELIEST = 40


@torch.no_grad()
def randomise(model):
    """Variance stays what it is through every layer, and no weight is one that a mistake would not show at: 0 or 1."""
    generator = torch.Generator().manual_seed(1)
    for name, weight in model.named_parameters():
        if "embed_tokens" in name:
            scale = 0.05  # logits of some 2: a likely first token, as trained models have, but a tail that counts
        elif weight.ndim > 1:
            scale = 1.0 if "position" in name else weight[0].numel() ** -0.5
        else:
            scale = 0.1
        weight.normal_(0, scale, generator=generator)
        if weight.ndim == 1 and "vision" in name and "norm" in name and name.endswith("weight"):
            weight += 1  # LayerNorm multiplies by the weight, Gemma's RMSNorm by 1 + weight
        if name.endswith("language_model.norm.weight"):
            # The output matrix is the embedding: without signs of either kind here the prompt's last token is all that is likely.
            weight.normal_(-1, 1, generator=generator)


@torch.inference_mode()
def likeliest(model, resolution):
    rgb = np.fromfile(picture, np.uint8).reshape(resolution, resolution, 3)
    pixels = torch.from_numpy(rgb).permute(2, 0, 1)[None].float() / 255 * 2 - 1
    ids = torch.tensor([[IMAGE_TOKEN] * (resolution // 14) ** 2 + [int(i) for i in prompt]])
    # Type 0 marks the prefix, where attention goes both ways; the processor says the same.
    logits = model(input_ids=ids, pixel_values=pixels, attention_mask=torch.ones_like(ids), token_type_ids=torch.zeros_like(ids),
                   logits_to_keep=1, use_cache=False).logits
    top = logits[0, -1, :IMAGE_TOKEN].double().log_softmax(-1).topk(LIKELIEST)
    return [{"token": i, "logprob": p} for i, p in zip(top.indices.tolist(), top.values.tolist())]


torch.set_num_threads(int(threads))
size, resolution = variant.rsplit("-", 1)
config = PaliGemmaConfig.from_dict(published(size, int(resolution), int(layers)))
config._attn_implementation = "eager"
model = PaliGemmaForConditionalGeneration(config).float().eval()
randomise(model)
assert model.lm_head.weight is model.get_input_embeddings().weight
assert model.config.text_config._attn_implementation == model.config.vision_config._attn_implementation == "eager"
answer = likeliest(model, int(resolution))
model.save_pretrained(folder)
print(json.dumps({"likeliest": answer, "transformers": transformers.__version__, "torch": torch.__version__}))
