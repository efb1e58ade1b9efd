#include "models/config.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "base/error.h"
#include "models/model_parts.h"
#include "text/tokenizer.h"

namespace paligemma {

namespace {

// Published language models: spec section 1.1.
struct Variant {
    const char* size;
    int version, n_embd, n_layer, n_ff, n_head, n_head_kv, head_dim;
};
constexpr Variant VARIANTS[] = {
    {"3b", 1, 2048, 18, 16384, 8, 1, 256},
    {"3b", 2, 2304, 26, 9216, 8, 4, 256},
    {"10b", 2, 3584, 42, 14336, 16, 8, 256},
    {"28b", 2, 4608, 46, 36864, 32, 16, 128},
};

// A file may hold its keys in either of two files; the first that has a key wins.
class Keys {
  public:
    explicit Keys(std::span<const GgufFile> files) : files_(files) {}

    const GgufFile* with(const std::string& key) const {
        for (const auto& file : files_)
            if (file.has(key)) return &file;
        return nullptr;
    }
    int integer(const std::string& key, int min, int max) const {
        auto value = find_integer(key, min, max);
        if (!value) missing(key);
        return *value;
    }
    std::optional<int> find_integer(const std::string& key, int min, int max) const {
        const GgufFile* file = with(key);
        if (file == nullptr) return std::nullopt;
        const int64_t value = file->get_int(key).value_or(-1);
        if (value < min || value > max) {
            throw mismatch(ErrorCode::ModelCorrupt, key, std::to_string(value),
                           std::to_string(min) + " to " + std::to_string(max));
        }
        return static_cast<int>(value);
    }
    float number(const std::string& key, double fallback, double min, double max) const {
        const GgufFile* file = with(key);
        if (file == nullptr) return static_cast<float>(fallback);
        const double value = file->get_float(key).value_or(NAN);
        if (!(value >= min && value <= max)) {
            throw mismatch(ErrorCode::ModelCorrupt, key, std::to_string(value),
                           std::to_string(min) + " to " + std::to_string(max));
        }
        return static_cast<float>(value);
    }
    std::string text(const std::string& key, std::string fallback) const {
        const GgufFile* file = with(key);
        return file == nullptr ? fallback : file->get_string(key).value_or(fallback);
    }
    bool flag(const std::string& key, bool fallback) const {
        const GgufFile* file = with(key);
        return file == nullptr ? fallback : file->get_bool(key).value_or(fallback);
    }
    [[noreturn]] static void missing(const std::string& key) {
        throw Error(ErrorCode::ModelFormat, "the model file has no key " + key,
                    {.name = key,
                     .found = "nothing",
                     .expected = "a PaliGemma GGUF",
                     .hint = "convert the checkpoint to GGUF again"});
    }

  private:
    std::span<const GgufFile> files_;
};

void require(bool condition, const std::string& name, const std::string& found,
             const std::string& expected) {
    if (!condition) throw mismatch(ErrorCode::ModelCorrupt, name, found, expected);
}

TextConfig read_text(const Keys& keys, const std::string& architecture) {
    TextConfig c;
    const std::string a = architecture + ".";
    c.architecture = architecture;
    c.has_post_norms = architecture == "gemma2";
    c.n_embd = keys.integer(a + "embedding_length", 8, 32768);
    c.n_layer = keys.integer(a + "block_count", 1, 128);
    c.n_ff = keys.integer(a + "feed_forward_length", 8, 131072);
    c.n_head = keys.integer(a + "attention.head_count", 1, 128);
    c.n_head_kv = keys.find_integer(a + "attention.head_count_kv", 1, 128).value_or(c.n_head);
    c.head_dim =
        keys.find_integer(a + "attention.key_length", 2, 512).value_or(c.n_embd / c.n_head);
    c.n_ctx = keys.integer(a + "context_length", 16, 1 << 20);
    c.rms_eps = keys.number(a + "attention.layer_norm_rms_epsilon", 1e-6, 0, 1);
    c.rope_theta = keys.number(a + "rope.freq_base", 10000, 1, 1e12);
    if (c.has_post_norms) {
        c.attention_softcap = keys.number(a + "attn_logit_softcapping", 50, 0, 1e6);
        c.final_softcap = keys.number(a + "final_logit_softcapping", 30, 0, 1e6);
    }
    // Other converters write no key for it. Only Gemma 2 27B scales by n_embd / n_head instead of
    // head_dim.
    const bool is_28b = c.has_post_norms && c.n_layer == 46 && c.n_embd == 4608;
    const double scalar = is_28b ? static_cast<double>(c.n_embd) / c.n_head : c.head_dim;
    c.query_scale =
        keys.number("paligemma.attention.query_scale", 1 / std::sqrt(scalar), 1e-6, 1e6);
    // llama.cpp's convention, which the graph relies on: norm weights in the file already hold 1 +
    // w.
    require(keys.flag("paligemma.norm_offset_baked", true), "paligemma.norm_offset_baked", "false",
            "true");
    const int value_length =
        keys.find_integer(a + "attention.value_length", 2, 512).value_or(c.head_dim);
    require(value_length == c.head_dim, a + "attention.value_length", std::to_string(value_length),
            std::to_string(c.head_dim) + " as key_length");
    require(c.n_head % c.n_head_kv == 0, a + "attention.head_count", std::to_string(c.n_head),
            "a multiple of head_count_kv " + std::to_string(c.n_head_kv));
    require(c.head_dim % 2 == 0, a + "attention.key_length", std::to_string(c.head_dim), "even");
    return c;
}

VisionConfig read_vision(const Keys& keys, int n_embd_text) {
    VisionConfig c;
    const std::string v = "clip.vision.";
    c.image_size = keys.integer(v + "image_size", 1, 1792);
    c.patch_size = keys.integer(v + "patch_size", 1, 1792);
    c.n_embd = keys.integer(v + "embedding_length", 8, 32768);
    c.n_layer = keys.integer(v + "block_count", 1, 128);
    c.n_ff = keys.integer(v + "feed_forward_length", 8, 131072);
    c.n_head = keys.integer(v + "attention.head_count", 1, 128);
    c.eps = keys.number(v + "attention.layer_norm_epsilon", 1e-6, 0, 1);
    c.n_ff_padded =
        keys.find_integer("paligemma.vision.feed_forward_padded", c.n_ff, 131072).value_or(c.n_ff);
    require(c.image_size % c.patch_size == 0, v + "image_size", std::to_string(c.image_size),
            "a multiple of patch_size " + std::to_string(c.patch_size));
    require(c.n_embd % c.n_head == 0, v + "embedding_length", std::to_string(c.n_embd),
            "a multiple of head_count " + std::to_string(c.n_head));
    require(c.n_patches() <= 16384, v + "image_size", std::to_string(c.image_size),
            "at most 16384 patches");
    const int projection = keys.find_integer(v + "projection_dim", 1, 32768).value_or(n_embd_text);
    require(projection == n_embd_text, v + "projection_dim", std::to_string(projection),
            std::to_string(n_embd_text) + " as the text model's embedding_length");
    const int n_tokens =
        keys.find_integer("paligemma.image_token_count", 1, 1 << 20).value_or(c.n_patches());
    require(n_tokens == c.n_patches(), "paligemma.image_token_count", std::to_string(n_tokens),
            std::to_string(c.n_patches()) + " = (image_size / patch_size)^2");
    return c;
}

TokenIds read_tokens(const Keys& keys, const GgufFile& file, int n_vocab) {
    TokenIds t;
    const auto pieces = file.get_strings("tokenizer.ggml.tokens");
    if (!pieces) Keys::missing("tokenizer.ggml.tokens");
    const int n_pieces = static_cast<int>(pieces->size());
    require(n_pieces == n_vocab, "tokenizer.ggml.tokens", std::to_string(n_pieces) + " entries",
            std::to_string(n_vocab) + " as the rows of token_embd.weight");
    auto find = [&](std::string_view piece) -> int32_t {
        auto it = std::find(pieces->begin(), pieces->end(), piece);
        return it == pieces->end() ? -1 : static_cast<int32_t>(it - pieces->begin());
    };
    auto id = [&](const std::string& key, int fallback) {
        return keys.find_integer(key, 0, n_vocab - 1).value_or(fallback);
    };
    t.bos = id("tokenizer.ggml.bos_token_id", 2);
    t.eos = id("tokenizer.ggml.eos_token_id", 1);
    t.separator = id("paligemma.separator_token", find("\n"));
    t.first_loc = id("paligemma.first_loc_token", find("<loc0000>"));
    t.first_seg = id("paligemma.first_seg_token", find("<seg000>"));
    // From the image placeholder on there is padding whose logits are noise, except for tokens that
    // were added in fine-tuning: those are user-defined.
    const int32_t image = find("<image>");
    t.n_usable = image > 0 ? image : n_vocab;
    const auto types = file.get_ints("tokenizer.ggml.token_type");
    const int n_types = image > 0 && types ? std::min<int>(n_vocab, types->size()) : 0;
    for (int32_t id = image + 1, last = image; id < n_types; ++id) {
        if ((*types)[id] != static_cast<int>(TokenType::UserDefined)) continue;
        for (; last < id; ++last) t.unusable.push_back(last);
        last = t.n_usable = id + 1;
    }
    const auto require_usable = [&](const char* key, int32_t first, int32_t n, const char* what) {
        require(first + n <= t.n_usable, key, std::to_string(first),
                "at most " + std::to_string(t.n_usable - n) + ", so that " + what +
                    " below the first that is not used, " + std::to_string(t.n_usable));
    };
    require_usable("tokenizer.ggml.eos_token_id", t.eos, 1, "it is");
    if (t.first_loc >= 0)
        require_usable("paligemma.first_loc_token", t.first_loc, 1024, "1024 tokens lie");
    if (t.first_seg >= 0)
        require_usable("paligemma.first_seg_token", t.first_seg, 128, "128 tokens lie");
    require(t.separator >= 0, "paligemma.separator_token", "absent, and no piece is a newline",
            "the id of a newline");
    require(t.bos != t.eos, "tokenizer.ggml.bos_token_id", std::to_string(t.bos),
            "another id than eos_token_id");
    return t;
}

// The parts of a split model hold its tensors in any order; null when none has it.
const GgufTensor* find_tensor(std::span<const GgufFile> files, std::string_view name) {
    for (const auto& file : files)
        if (const GgufTensor* tensor = file.find_tensor(name)) return tensor;
    return nullptr;
}

}  // namespace

std::string variant_name(const TextConfig& t, const VisionConfig& v) {
    for (const auto& row : VARIANTS) {
        if (row.n_embd == t.n_embd && row.n_layer == t.n_layer && row.n_ff == t.n_ff &&
            row.n_head == t.n_head && row.n_head_kv == t.n_head_kv && row.head_dim == t.head_dim &&
            v.n_embd == 1152 && v.n_layer == 27)
            return std::string(row.size) + "-" + std::to_string(v.image_size);
    }
    return "custom";
}

ModelConfig read_config(std::span<const GgufFile> files) {
    const Keys keys(files);
    const GgufFile& text = require_whole_model(files);
    ModelConfig c;
    c.text = read_text(keys, *text.get_string("general.architecture"));
    c.vision = read_vision(keys, c.text.n_embd);
    require(c.text.n_ctx >= c.min_ctx(), c.text.architecture + ".context_length",
            std::to_string(c.text.n_ctx),
            "at least " + std::to_string(c.min_ctx()) + ", to hold a picture and a prompt");
    c.version = c.text.has_post_norms ? 2 : 1;
    c.name = keys.text("general.name", "PaliGemma");
    c.variant = variant_name(c.text, c.vision);

    // The embedding's own shape counts, not a key: files differ in how many padding rows they
    // carry.
    const GgufTensor* embedding = find_tensor(files, "token_embd.weight");
    if (embedding == nullptr) {
        throw Error(ErrorCode::TensorMissing, "tensor token_embd.weight is missing",
                    {.name = "token_embd.weight", .found = {}, .expected = {}, .hint = {}});
    }
    c.text.n_vocab = static_cast<int>(std::min<int64_t>(embedding->ne[1], 1 << 20));
    c.text.tied_head = find_tensor(files, "output.weight") == nullptr;
    c.tokens = read_tokens(keys, text, c.text.n_vocab);
    c.has_mask_codec = find_tensor(files, "mask.codebook") != nullptr;
    return c;
}

}  // namespace paligemma
