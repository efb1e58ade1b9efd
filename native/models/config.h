// A model file's keys as structs. Everything comes from the file (spec section 8.5); the table of
// published variants serves display and defaults for files that were made by other tools.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "compute/gguf_file.h"

namespace paligemma {

struct TextConfig {
    std::string architecture;  // "gemma", "gemma2": also the prefix of the keys
    int n_embd = 0, n_layer = 0, n_ff = 0, n_head = 0, n_head_kv = 0, head_dim = 0;
    int n_vocab = 0;  // rows of the embedding
    int n_ctx = 0;
    float rms_eps = 1e-6f, rope_theta = 10000.f;
    float query_scale = 0.f;
    float attention_softcap = 0.f, final_softcap = 0.f;  // 0: none
    bool has_post_norms = false;                         // four norms per layer
    bool tied_head = true;  // the embedding is the output matrix; else there is an output.weight
};

struct VisionConfig {
    int image_size = 0, patch_size = 0, n_embd = 0, n_layer = 0, n_ff = 0, n_head = 0;
    int n_ff_padded = 0;  // width of the MLP in the file, zeros above n_ff
    float eps = 1e-6f;
    int n_patches() const { return (image_size / patch_size) * (image_size / patch_size); }
    int head_dim() const { return n_embd / n_head; }
};

struct TokenIds {
    int32_t bos = 2, eos = 1, separator = 108;
    int32_t first_loc = -1, first_seg = -1;  // -1: the vocabulary has none
    int32_t n_usable = 0;                    // ids from here on are never sampled (padding rows)
    // Below n_usable and never sampled either, ascending: the placeholder of a picture if tokens
    // were added after it, and unassigned ids among those.
    std::vector<int32_t> unusable;

    static constexpr int32_t N_LOC = 1024, N_SEG = 128;
    bool is_loc(int32_t id) const {
        return first_loc >= 0 && id >= first_loc && id < first_loc + N_LOC;
    }
    bool is_loc_or_seg(int32_t id) const {
        return is_loc(id) || (first_seg >= 0 && id >= first_seg && id < first_seg + N_SEG);
    }
    bool is_usable(int32_t id) const {
        return id < n_usable && !std::binary_search(unusable.begin(), unusable.end(), id);
    }
    // Masks the unusable ids out of logits [n_usable].
    void hide_unusable(std::span<float> logits) const {
        for (int32_t id : unusable) logits[id] = -INFINITY;
    }
};

struct ModelConfig {
    int version = 1;  // PaliGemma 1 or 2
    std::string name, variant;
    TextConfig text;
    VisionConfig vision;
    TokenIds tokens;
    bool has_mask_codec = false;

    // The shortest context of use: one picture, BOS, separator and a token of the answer.
    int min_ctx() const { return vision.n_patches() + 3; }
};

// Replaces what is in the file; for measurements.
struct ConfigOverrides {
    std::optional<float> attention_softcap, final_softcap;
};

// `files`: one GGUF with everything, or a text file and a vision file. Throws ModelArch for other
// models (listing what was found), ModelCorrupt for sizes that contradict each other, ModelFormat
// for keys of the wrong type.
ModelConfig read_config(std::span<const GgufFile> files);

// "3b-448" when the sizes are those of a published checkpoint (spec sections 1.1, 1.2), else
// "custom".
std::string variant_name(const TextConfig& text, const VisionConfig& vision);

}  // namespace paligemma
