"""The sizes of the checkpoints: two tiny ones with weights, and the published ones, of which only the settings are made."""

VOCABULARY = 1792  # pieces of test/fixtures/checkpoints/tiny-paligemma1/tokenizer.model; <image> is the next id
ROWS = 1800  # of the embedding: pieces, <image>, padding, as the published 257216 hold 257152 pieces
BOS, EOS, NEWLINE = 2, 1, 8


def tiny(generation):
    """config.json as the files on the hub have it, for a model that is small and awkward in every size."""
    text = {
        1: dict(model_type="gemma", hidden_size=8, intermediate_size=16, num_attention_heads=2, num_key_value_heads=1),
        2: dict(model_type="gemma2", hidden_size=8, intermediate_size=24, num_attention_heads=4, num_key_value_heads=2,
                query_pre_attn_scalar=6, attn_logit_softcapping=5.0, final_logit_softcapping=8.0),
    }[generation]
    vision = {
        1: dict(hidden_size=8, intermediate_size=12, num_attention_heads=2, image_size=14, projection_dim=8),
        2: dict(hidden_size=12, intermediate_size=20, num_attention_heads=3, image_size=21, projection_dim=8),
    }[generation]
    patches = (vision["image_size"] // 7) ** 2
    return published_form(
        text=dict(text, head_dim=8, num_hidden_layers=2, num_image_tokens=patches, vocab_size=ROWS, max_position_embeddings=512),
        vision=dict(vision, num_hidden_layers=2, num_image_tokens=patches, patch_size=7),
        image_token=VOCABULARY,
    )


PUBLISHED_TEXT = {
    "3b": dict(model_type="gemma", hidden_size=2048, intermediate_size=16384, num_attention_heads=8, num_hidden_layers=18,
               num_key_value_heads=1),
    "2-3b": dict(model_type="gemma2", hidden_size=2304, intermediate_size=9216, num_attention_heads=8, num_hidden_layers=26,
                 num_key_value_heads=4, head_dim=256, query_pre_attn_scalar=256),
    "2-10b": dict(model_type="gemma2", hidden_size=3584, intermediate_size=14336, num_attention_heads=16, num_hidden_layers=42,
                  num_key_value_heads=8, head_dim=256, query_pre_attn_scalar=256),
    "2-28b": dict(model_type="gemma2", hidden_size=4608, intermediate_size=36864, num_attention_heads=32, num_hidden_layers=46,
                  num_key_value_heads=16, head_dim=128, query_pre_attn_scalar=144),
}
RESOLUTIONS = (224, 448, 896)


def published(size, resolution, layers=None):
    """`size` is a key of PUBLISHED_TEXT. `layers`: that many in both networks instead of all."""
    text = dict(PUBLISHED_TEXT[size], vocab_size=257216)
    patches = (resolution // 14) ** 2
    vision = dict(hidden_size=1152, intermediate_size=4304, num_attention_heads=16, num_hidden_layers=27, patch_size=14,
                  image_size=resolution, projection_dim=text["hidden_size"], num_image_tokens=patches)
    if layers is not None:
        text["num_hidden_layers"] = vision["num_hidden_layers"] = layers
    if text["model_type"] == "gemma2":
        text.update(attn_logit_softcapping=50.0, final_logit_softcapping=30.0, sliding_window=4096)
    return published_form(text=dict(text, num_image_tokens=patches), vision=vision, image_token=257152)


def published_form(text, vision, image_token):
    return {
        "architectures": ["PaliGemmaForConditionalGeneration"], "model_type": "paligemma",
        "bos_token_id": BOS, "eos_token_id": EOS, "pad_token_id": 0, "ignore_index": -100,
        "image_token_index": image_token, "hidden_size": text["hidden_size"], "projection_dim": text["hidden_size"],
        "vocab_size": text["vocab_size"], "torch_dtype": "bfloat16", "text_config": text,
        "vision_config": dict(vision, model_type="siglip_vision_model", projector_hidden_act="gelu_fast", vision_use_head=False),
    }
