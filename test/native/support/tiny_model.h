// A random PaliGemma of a few kilobytes as a GGUF file: for tests of the engine that need a model,
// not a good one. Every key and tensor can be changed before it is written.
#pragma once
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "models/tensor_table.h"
#include "support/gguf_writer.h"
#include "support/random.h"

namespace paligemma::test {

struct TinyTensor {
    std::string name;
    std::vector<uint64_t> dims;
    uint32_t type = 0;  // ggml id; F32
    Bytes data;
};

class TinyModel {
  public:
    ModelConfig config;
    std::vector<TinyTensor> tensors;
    std::vector<std::string> pieces;
    std::string architecture;
    std::function<void(GgufWriter&)> more_keys = [](GgufWriter&) {};

    explicit TinyModel(uint64_t seed = 1) : TinyModel(default_config(), seed) {}

    // A model of other sizes; the vocabulary is always the same.
    explicit TinyModel(ModelConfig sizes, uint64_t seed = 1)
        : config(std::move(sizes)), architecture(config.text.architecture) {
        pieces = {"<pad>", "<eos>", "<bos>", "<unk>", "\n", "\xE2\x96\x81"};
        for (char c = 'a'; c <= 'z'; ++c) pieces.push_back(std::string(1, c));
        config.text.n_vocab = static_cast<int>(pieces.size());
        Random random(seed);
        for (const auto& spec : tensor_table(config)) {
            TinyTensor t{spec.name, {spec.shape.begin(), spec.shape.end()}, 0, {}};
            uint64_t n = 1;
            for (uint64_t d : t.dims) n *= d;
            const bool is_norm = spec.name.find("norm") != std::string::npos ||
                                 spec.name.find("ln") != std::string::npos;
            for (uint64_t i = 0; i < n; ++i) {
                float value = static_cast<float>(random.below(2001)) / 1000.f - 1.f;
                value = is_norm ? 1.f + value / 8 : value / 4;
                put(t.data, std::bit_cast<uint32_t>(value), 4);
            }
            tensors.push_back(std::move(t));
        }
    }

    static ModelConfig default_config() {
        ModelConfig config;
        config.text = {.architecture = "gemma2",
                       .n_embd = 32,
                       .n_layer = 2,
                       .n_ff = 64,
                       .n_head = 4,
                       .n_head_kv = 2,
                       .head_dim = 16,
                       .n_vocab = 0,
                       .n_ctx = 256,
                       .has_post_norms = true};
        config.vision = {.image_size = 28,
                         .patch_size = 14,
                         .n_embd = 24,
                         .n_layer = 2,
                         .n_ff = 40,
                         .n_head = 2,
                         .n_ff_padded = 64};
        return config;
    }

    TinyTensor& tensor(const std::string& name) {
        for (auto& t : tensors)
            if (t.name == name) return t;
        std::abort();
    }

    Bytes build() const {
        GgufWriter w;
        const TextConfig& t = config.text;
        const VisionConfig& v = config.vision;
        const std::string a = architecture + ".", c = "clip.vision.";
        w.key_string("general.architecture", architecture);
        auto number = [&](const std::string& key, int value) {
            w.key_u32(key, static_cast<uint32_t>(value));
        };
        number(a + "context_length", t.n_ctx);
        number(a + "embedding_length", t.n_embd);
        number(a + "block_count", t.n_layer);
        number(a + "feed_forward_length", t.n_ff);
        number(a + "attention.head_count", t.n_head);
        number(a + "attention.head_count_kv", t.n_head_kv);
        number(a + "attention.key_length", t.head_dim);
        number(c + "image_size", v.image_size);
        number(c + "patch_size", v.patch_size);
        number(c + "embedding_length", v.n_embd);
        number(c + "feed_forward_length", v.n_ff);
        number(c + "block_count", v.n_layer);
        number(c + "attention.head_count", v.n_head);
        number("paligemma.vision.feed_forward_padded", v.n_ff_padded);
        w.key_string("tokenizer.ggml.model", "llama");
        w.key_strings("tokenizer.ggml.tokens", pieces);
        Bytes scores, types;
        for (size_t i = 0; i < pieces.size(); ++i) {
            put(scores, std::bit_cast<uint32_t>(-static_cast<float>(i)), 4);
            put(types, i < 3 ? 3 : i == 3 ? 2 : i == 4 ? 4 : 1, 4);
        }
        w.key_array("tokenizer.ggml.scores", 6, pieces.size(), scores);
        w.key_array("tokenizer.ggml.token_type", 5, pieces.size(), types);
        more_keys(w);
        for (const auto& tensor : tensors)
            w.tensor(tensor.name, tensor.dims, tensor.type, tensor.data);
        return w.build();
    }
};

// A file that is gone when this is.
class TemporaryFile {
  public:
    explicit TemporaryFile(const Bytes& bytes) {
        static int n = 0;
        path_ = std::filesystem::temp_directory_path() /
                ("paligemma-test-" + std::to_string(reinterpret_cast<uintptr_t>(this)) + "-" +
                 std::to_string(n++) + ".gguf");
        std::ofstream(path_, std::ios::binary)
            .write(reinterpret_cast<const char*>(bytes.data()),
                   static_cast<std::streamsize>(bytes.size()));
    }
    ~TemporaryFile() { std::filesystem::remove(path_); }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;
    std::string path() const { return path_.string(); }

  private:
    std::filesystem::path path_;
};

}  // namespace paligemma::test
