"""Passes of PaliGemma in Hugging Face transformers on PyTorch, CPU: one for each line of standard input.

Arguments: bf16 or f32, threads, tokens to decode, and `without-onednn` to switch oneDNN off for the decode steps, which is
faster in bf16 on some CPUs (the default is what a user gets).
"""
import json
import os
import sys
import time
from contextlib import nullcontext

dtype_name, threads, tokens, *more = sys.argv[1:]
os.environ["OMP_NUM_THREADS"] = threads
os.environ["HF_HUB_OFFLINE"] = "1"
import torch
from transformers import PaliGemmaConfig, PaliGemmaForConditionalGeneration

IMAGE_TOKEN, IMAGE_TOKENS, PROMPT_TOKENS, BOS = 257152, 256, 10, 2
DTYPE = {"bf16": torch.bfloat16, "f32": torch.float32}[dtype_name]
without_onednn = more == ["without-onednn"]


def random_model():
    """Only parameters begin on the meta device, so that buffers (RoPE frequencies, position ids) are computed as usual."""
    config = PaliGemmaConfig(
        vision_config=dict(model_type="siglip_vision_model", hidden_size=1152, intermediate_size=4304, num_hidden_layers=27,
                           num_attention_heads=16, patch_size=14, image_size=224, vision_use_head=False),
        text_config=dict(model_type="gemma", hidden_size=2048, intermediate_size=16384, num_hidden_layers=18,
                         num_attention_heads=8, num_key_value_heads=1, head_dim=256, vocab_size=257216),
        image_token_index=IMAGE_TOKEN, projection_dim=2048, hidden_size=2048, vocab_size=257216, tie_word_embeddings=True)
    original = torch.nn.Module.register_parameter

    def on_meta(module, name, parameter):
        if parameter is not None and not parameter.is_meta:
            parameter = torch.nn.Parameter(parameter.to("meta"), requires_grad=False)
        original(module, name, parameter)

    torch.nn.Module.register_parameter = on_meta
    try:
        model = PaliGemmaForConditionalGeneration(config)
    finally:
        torch.nn.Module.register_parameter = original
    fill(model)
    model.set_attn_implementation("sdpa")
    assert model.lm_head.weight is model.model.language_model.embed_tokens.weight
    assert all(not t.is_meta for t in (*model.parameters(), *model.buffers()))
    return model.eval()


def fill(model):
    """Norms become the identity, biases zero, all other weights a repeated random pattern."""
    pattern = (torch.randn(2**20 + 7, generator=torch.Generator().manual_seed(1)) * 0.02).to(DTYPE)
    filled = {}  # old parameter -> new one, so that tied parameters stay tied
    for module in model.modules():
        for name, old in list(module.named_parameters(recurse=False, remove_duplicate=False)):
            if old not in filled:
                new = torch.zeros(old.shape, dtype=DTYPE)
                if isinstance(module, torch.nn.LayerNorm) and name == "weight":
                    new.fill_(1)
                elif "RMSNorm" not in type(module).__name__ and name != "bias":
                    for part in new.view(-1).split(pattern.numel()):
                        part.copy_(pattern[:part.numel()])
                filled[old] = torch.nn.Parameter(new, requires_grad=False)
            setattr(module, name, filled[old])


torch.set_num_threads(int(threads))
model = random_model()
pixels = (torch.rand(1, 3, 224, 224) * 2 - 1).to(DTYPE)
ids = torch.tensor([[IMAGE_TOKEN] * IMAGE_TOKENS + [BOS] + [(100 + 37 * i) % 900 for i in range(PROMPT_TOKENS - 1)]])
# What the processor returns besides the ids: type 0 marks the prefix, where attention goes both ways.
prefix = dict(input_ids=ids, attention_mask=torch.ones_like(ids), token_type_ids=torch.zeros_like(ids))


def timed(work):
    begin = time.perf_counter()
    result = work()
    return result, (time.perf_counter() - begin) * 1000


def one_pass():
    features, encode = timed(lambda: model.get_image_features(pixels))
    out, prefill = timed(lambda: model(**prefix, mm_encoder_outputs={"image": features}, use_cache=True, logits_to_keep=1))
    decode = 0
    with torch.backends.mkldnn.flags(enabled=False) if without_onednn else nullcontext():
        for _ in range(int(tokens)):
            out, ms = timed(lambda: model(input_ids=out.logits[:, -1].argmax(-1, keepdim=True),
                                          past_key_values=out.past_key_values, use_cache=True, logits_to_keep=1))
            decode += ms
    return dict(encode=encode, prefill=prefill, decode=decode / int(tokens))


def peak_mb():
    for line in open("/proc/self/status"):
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1000


with torch.inference_mode():
    one_pass()
    print(json.dumps({"ready": True}), flush=True)
    for _ in sys.stdin:
        print(json.dumps({**one_pass(), "peakMb": peak_mb()}), flush=True)
