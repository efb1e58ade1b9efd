#include "models/tensor_table.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "base/error.h"

namespace paligemma {

namespace {

constexpr size_t MAX_NAMES_IN_MESSAGE = 20;

std::string shape_text(const int64_t* ne, size_t n) {
    std::string text = "[";
    for (size_t i = 0; i < n; ++i) text += (i ? ", " : "") + std::to_string(ne[i]);
    return text + "]";
}

class Table {
  public:
    void add(std::string name, std::vector<int64_t> shape, TensorUse use,
             std::vector<std::string> aliases = {}) {
        rows.push_back({std::move(name), std::move(shape), use, std::move(aliases)});
    }
    void linear(const std::string& name, int64_t in, int64_t out) {
        add(name + ".weight", {in, out}, TensorUse::Matmul);
        add(name + ".bias", {out}, TensorUse::Plain);
    }
    void layer_norm(const std::string& name, int64_t width) {
        add(name + ".weight", {width}, TensorUse::Plain);
        add(name + ".bias", {width}, TensorUse::Plain);
    }
    std::vector<TensorSpec> rows;
};

// Spec section 8.2.
void add_text(Table& t, const TextConfig& c) {
    t.add("token_embd.weight", {c.n_embd, c.n_vocab}, TensorUse::Embedding);
    for (int i = 0; i < c.n_layer; ++i) {
        const std::string b = "blk." + std::to_string(i) + ".";
        auto norm = [&](const char* name) {
            t.add(b + name + ".weight", {c.n_embd}, TensorUse::Plain);
        };
        auto matmul = [&](const char* name, int64_t in, int64_t out) {
            t.add(b + name + ".weight", {in, out}, TensorUse::Matmul);
        };
        norm("attn_norm");
        matmul("attn_q", c.n_embd, c.n_head * c.head_dim);
        matmul("attn_k", c.n_embd, c.n_head_kv * c.head_dim);
        matmul("attn_v", c.n_embd, c.n_head_kv * c.head_dim);
        matmul("attn_output", c.n_head * c.head_dim, c.n_embd);
        if (c.has_post_norms) norm("post_attention_norm");
        norm("ffn_norm");
        matmul("ffn_gate", c.n_embd, c.n_ff);
        matmul("ffn_up", c.n_embd, c.n_ff);
        matmul("ffn_down", c.n_ff, c.n_embd);
        if (c.has_post_norms) norm("post_ffw_norm");
    }
    t.add("output_norm.weight", {c.n_embd}, TensorUse::Plain);
    if (!c.tied_head) t.add("output.weight", {c.n_embd, c.n_vocab}, TensorUse::Matmul);
}

// Spec section 8.3.
void add_vision(Table& t, const VisionConfig& c, int n_embd_text) {
    t.add("v.patch_embd.weight", {c.patch_size, c.patch_size, 3, c.n_embd}, TensorUse::Plain);
    t.add("v.patch_embd.bias", {c.n_embd}, TensorUse::Plain);
    t.add("v.position_embd.weight", {c.n_embd, c.n_patches()}, TensorUse::Plain);
    for (int i = 0; i < c.n_layer; ++i) {
        const std::string b = "v.blk." + std::to_string(i) + ".";
        t.layer_norm(b + "ln1", c.n_embd);
        for (const char* name : {"attn_q", "attn_k", "attn_v", "attn_out"})
            t.linear(b + name, c.n_embd, c.n_embd);
        t.layer_norm(b + "ln2", c.n_embd);
        t.linear(b + "ffn_up", c.n_embd, c.n_ff_padded);
        t.linear(b + "ffn_down", c.n_ff_padded, c.n_embd);
    }
    t.layer_norm("v.post_ln", c.n_embd);
    t.add("mm.input_projection.weight", {c.n_embd, n_embd_text}, TensorUse::Matmul,
          {"mm.0.weight"});
    t.add("mm.input_projection.bias", {n_embd_text}, TensorUse::Plain, {"mm.0.bias"});
}

// Spec section 7: the one mask codec of all checkpoints. PyTorch's shapes reversed.
void add_mask_codec(Table& t) {
    auto codec = [&](const std::string& name, std::vector<int64_t> weight, int64_t out) {
        t.add("mask." + name + ".weight", std::move(weight), TensorUse::Codec);
        t.add("mask." + name + ".bias", {out}, TensorUse::Codec);
    };
    auto residual = [&](const std::string& name) {
        codec(name + ".net.0", {3, 3, 128, 128}, 128);
        codec(name + ".net.2", {3, 3, 128, 128}, 128);
        codec(name + ".net.4", {1, 1, 128, 128}, 128);
    };
    t.add("mask.codebook", {512, 128}, TensorUse::Codec);
    codec("dec.0", {1, 1, 512, 128}, 128);
    residual("dec.2");
    residual("dec.3");
    codec("dec.4", {4, 4, 128, 128}, 128);
    codec("dec.6", {4, 4, 64, 128}, 64);
    codec("dec.8", {4, 4, 32, 64}, 32);
    codec("dec.10", {4, 4, 16, 32}, 16);
    codec("dec.12", {1, 1, 16, 1}, 1);
    codec("enc.0", {4, 4, 1, 16}, 16);
    codec("enc.2", {4, 4, 16, 32}, 32);
    codec("enc.4", {4, 4, 32, 64}, 64);
    codec("enc.6", {4, 4, 64, 128}, 128);
    residual("enc.8");
    residual("enc.9");
    codec("enc.10", {1, 1, 128, 512}, 512);
}

// Types a tensor may have: any for matmuls and the embedding, full precision for the rest.
bool type_fits(TensorUse use, WeightType type) {
    if (use == TensorUse::Matmul || use == TensorUse::Embedding) return true;
    return type == WeightType::F32 ||
           (use == TensorUse::Plain && (type == WeightType::F16 || type == WeightType::BF16));
}

bool shape_fits(const TensorSpec& spec, const GgufTensor& t) {
    for (size_t i = 0; i < 4; ++i)
        if (t.ne[i] != (i < spec.shape.size() ? spec.shape[i] : 1)) return false;
    return true;
}

// One error for many names.
struct Findings {
    std::vector<std::string> names;
    std::string found, expected;

    void add(const std::string& name, std::string found_text = {}, std::string expected_text = {}) {
        if (names.empty()) found = std::move(found_text), expected = std::move(expected_text);
        names.push_back(name);
    }
    void raise(ErrorCode code, const std::string& what, const std::string& hint) const {
        if (names.empty()) return;
        std::string list;
        for (size_t i = 0; i < std::min(names.size(), MAX_NAMES_IN_MESSAGE); ++i)
            list += (i ? ", " : "") + names[i];
        if (names.size() > MAX_NAMES_IN_MESSAGE)
            list += " and " + std::to_string(names.size() - MAX_NAMES_IN_MESSAGE) + " more";
        std::string message = what + ": " + list;
        if (!expected.empty())
            message += " (" + names[0] + " is " + found + ", expected " + expected + ")";
        throw Error(code, message,
                    {.name = names[0], .found = found, .expected = expected, .hint = hint});
    }
};

}  // namespace

std::vector<TensorSpec> tensor_table(const ModelConfig& config) {
    Table t;
    add_text(t, config.text);
    add_vision(t, config.vision, config.text.n_embd);
    if (config.has_mask_codec) add_mask_codec(t);
    return std::move(t.rows);
}

std::vector<TensorPlace> check_inventory(const std::vector<TensorSpec>& table,
                                         std::span<const GgufFile> files) {
    std::vector<TensorPlace> places;
    std::unordered_set<const GgufTensor*> used;
    std::unordered_set<std::string_view> used_names;
    Findings missing, surplus, twice, shapes, types;
    for (const auto& spec : table) {
        std::vector<std::string> names = spec.aliases;
        names.insert(names.begin(), spec.name);
        TensorPlace place{&spec, 0, nullptr};
        for (const auto& name : names)
            for (size_t f = 0; f < files.size() && place.tensor == nullptr; ++f)
                place = {&spec, f, files[f].find_tensor(name)};
        if (place.tensor == nullptr) {
            // A codec may come without its encoder; MaskCodec reports that at first use.
            if (spec.use != TensorUse::Codec)
                missing.add(spec.name, "absent", shape_text(spec.shape.data(), spec.shape.size()));
            continue;
        }
        used.insert(place.tensor);
        used_names.insert(place.tensor->name);
        if (!shape_fits(spec, *place.tensor)) {
            shapes.add(spec.name, shape_text(place.tensor->ne, place.tensor->n_dims),
                       shape_text(spec.shape.data(), spec.shape.size()));
        } else if (!type_fits(spec.use, place.tensor->type)) {
            types.add(spec.name, std::string(traits_of(place.tensor->type).name), "f32");
        }
        places.push_back(place);
    }
    for (const auto& file : files)
        for (const auto& t : file.tensors())
            if (!used.contains(&t)) (used_names.contains(t.name) ? twice : surplus).add(t.name);
    missing.raise(ErrorCode::TensorMissing, "tensors are missing",
                  "the file is incomplete or of another model; convert the checkpoint again");
    shapes.raise(ErrorCode::TensorShape, "tensors have another shape than the file's keys require",
                 "");
    types.raise(ErrorCode::TensorType, "tensors have a type that cannot be used there", "");
    twice.raise(ErrorCode::TensorSurplus, "both files hold the same tensors",
                "pass a whole model alone, or a text part together with its vision part");
    surplus.raise(ErrorCode::TensorSurplus, "the file has tensors that do not belong to PaliGemma",
                  "");
    return places;
}

}  // namespace paligemma
