"""Writes a GGUF of Gemma 2B with random weights and PaliGemma's vocabulary, for llama.cpp. Arguments: q8_0 or q4_0, file.

One random pattern of blocks is repeated over every matrix, so nothing is really quantised. The vocabulary is made up.
"""
import sys

import gguf
import numpy as np
from gguf import GGMLQuantizationType as Type
from gguf import TokenType

type_name, out = sys.argv[1:]
HIDDEN, FEED_FORWARD, LAYERS, HEADS, KV_HEADS, HEAD_DIM, VOCAB = 2048, 16384, 18, 8, 1, 256, 257216
AMPLITUDE = 0.02
BLOCKS = 65_537  # odd, so that neighbouring rows differ
rng = np.random.default_rng(1)


def random_blocks():
    """An array of bytes, one row for each block: an f16 scale, then 32 numbers of 8 or 4 bits."""
    if type_name == "q8_0":
        scale, numbers = AMPLITUDE / 127, rng.integers(-127, 128, (BLOCKS, 32)).astype(np.int8).view(np.uint8)
    else:  # 8 means zero; 1 to 15 keeps the mean there
        low, high = rng.integers(1, 16, (2, BLOCKS, 16)).astype(np.uint8)
        scale, numbers = AMPLITUDE / 8, low | (high << 4)
    return np.concatenate([np.full((BLOCKS, 1), scale, np.float16).view(np.uint8), numbers], axis=1)


def tensors():
    """Name and shape, the length of a row last. Norms have one dimension and are f32."""
    yield "token_embd.weight", (VOCAB, HIDDEN)
    yield "output_norm.weight", (HIDDEN,)
    for i in range(LAYERS):
        yield f"blk.{i}.attn_norm.weight", (HIDDEN,)
        yield f"blk.{i}.attn_q.weight", (HEADS * HEAD_DIM, HIDDEN)
        yield f"blk.{i}.attn_k.weight", (KV_HEADS * HEAD_DIM, HIDDEN)
        yield f"blk.{i}.attn_v.weight", (KV_HEADS * HEAD_DIM, HIDDEN)
        yield f"blk.{i}.attn_output.weight", (HIDDEN, HEADS * HEAD_DIM)
        yield f"blk.{i}.ffn_norm.weight", (HIDDEN,)
        yield f"blk.{i}.ffn_gate.weight", (FEED_FORWARD, HIDDEN)
        yield f"blk.{i}.ffn_up.weight", (FEED_FORWARD, HIDDEN)
        yield f"blk.{i}.ffn_down.weight", (HIDDEN, FEED_FORWARD)


pattern = random_blocks()
dtype = Type[type_name.upper()]


def bytes_of(shape):
    if len(shape) == 1:
        return np.ones(shape, np.float32)
    per_block, _ = gguf.GGML_QUANT_SIZES[dtype]
    n = int(np.prod(shape)) // per_block * pattern.shape[1]
    return np.resize(np.roll(pattern, int(rng.integers(BLOCKS)), axis=0), n)


w = gguf.GGUFWriter(out, "gemma")
w.add_context_length(8192)
w.add_embedding_length(HIDDEN)
w.add_block_count(LAYERS)
w.add_feed_forward_length(FEED_FORWARD)
w.add_head_count(HEADS)
w.add_head_count_kv(KV_HEADS)
w.add_key_length(HEAD_DIM)
w.add_value_length(HEAD_DIM)
w.add_layer_norm_rms_eps(1e-6)
pieces = [("<pad>", TokenType.CONTROL), ("<eos>", TokenType.CONTROL), ("<bos>", TokenType.CONTROL), ("<unk>", TokenType.UNKNOWN)]
pieces += [(f"<0x{byte:02X}>", TokenType.BYTE) for byte in range(256)] + [("\u2581", TokenType.NORMAL)]
pieces += [(f"w{i}", TokenType.NORMAL) for i in range(VOCAB - len(pieces))]
w.add_tokenizer_model("llama")
w.add_tokenizer_pre("default")
w.add_token_list([name for name, _ in pieces])
w.add_token_scores([-float(i) for i in range(VOCAB)])
w.add_token_types([kind for _, kind in pieces])
w.add_bos_token_id(2)
w.add_eos_token_id(1)
w.add_unk_token_id(3)
for name, shape in tensors():
    is_norm = len(shape) == 1
    per_block, _ = gguf.GGML_QUANT_SIZES[dtype]
    n_bytes = shape[0] * 4 if is_norm else int(np.prod(shape)) // per_block * pattern.shape[1]
    w.add_tensor_info(name, shape, np.dtype(np.float32), n_bytes, raw_dtype=None if is_norm else dtype)
w.write_header_to_file()
w.write_kv_data_to_file()
w.write_ti_data_to_file()
for _, shape in tensors():
    w.write_tensor_data(bytes_of(shape))
w.close()
