// The networks compute the same however their work is cut: in few nodes or many, with fused
// attention or with matmuls. Whether that is right is checked against the reference in
// test/parity, on sizes that fit one chunk; here are the larger ones.
#include <ggml.h>

#include <array>
#include <atomic>
#include <cmath>
#include <memory>
#include <optional>

#include "compute/graph.h"
#include "kernels/kernel_sets.h"
#include "models/gemma.h"
#include "models/siglip.h"
#include "support/floats.h"
#include "support/test.h"
#include "support/tiny_model.h"

namespace paligemma::test {

namespace {

layers::Policy cut_small() {
    layers::Policy p;
    p.exact_gelu = true;
    p.max_score_bytes = 1;  // 32 queries at once, the least
    p.max_node_flops = 1;   // 64 rows at once, the least
    return p;
}

layers::Policy cut_never() {
    layers::Policy p;
    p.exact_gelu = true;
    p.max_score_bytes = int64_t{1} << 40;
    p.max_node_flops = 1e18;
    return p;
}

layers::Policy fused(layers::Policy p) {
    p.fused_prefill = true;
    return p;
}

// Nothing changes on a CPU that has none.
layers::Policy with_kernel(layers::Policy p) {
    p.attention_kernel = find_attention_kernel("auto");
    return p;
}

ModelConfig sizes(const std::string& architecture, int n_head_kv, int head_dim, float softcap) {
    ModelConfig c;
    c.text = {.architecture = architecture,
              .n_embd = 48,
              .n_layer = 2,
              .n_ff = 96,
              .n_head = 4,
              .n_head_kv = n_head_kv,
              .head_dim = head_dim,
              .n_ctx = 256,
              .query_scale = 1.f / std::sqrt(static_cast<float>(head_dim)),
              .attention_softcap = softcap,
              .has_post_norms = architecture == "gemma2"};
    // 121 patches: neither 32 nor 64 divides them. Heads of 72, as SigLIP's are.
    c.vision = {.image_size = 154,
                .patch_size = 14,
                .n_embd = 144,
                .n_layer = 2,
                .n_ff = 160,
                .n_head = 2,
                .n_ff_padded = 192};
    return c;
}

struct Outcome {
    std::vector<Floats> numbers;
    int n_nodes;
};

// A random model's weights in memory, to build networks on with any policy.
class TinyNetworks {
  public:
    explicit TinyNetworks(const ModelConfig& sizes, float softcap)
        : backend(Backend::open("cpu", 2)),
          temporary_(TinyModel(sizes).build()),
          file_(temporary_.path()),
          gguf_{file_.parse()},
          config(read_config(gguf_)),
          table_(tensor_table(config)) {
        config.text.attention_softcap = softcap;
        std::vector<WeightRequest> requests;
        for (const auto& place : check_inventory(table_, gguf_)) {
            const TensorUse use = place.spec->use;
            requests.push_back({.file = &file_,
                                .tensor = place.tensor,
                                .name = place.spec->name,
                                .matmul = use != TensorUse::Plain,
                                .force_f32 = use == TensorUse::Plain,
                                .kernels = "ggml"});
        }
        const std::atomic<int> cancel{0};
        weights_.emplace(*backend, requests, true, [](uint64_t, uint64_t) {}, cancel);
    }

    // Pictures [first, first + n) of an endless row, together; the vectors of each.
    Outcome encode(const layers::Policy& policy, int first, int n) const {
        const VisionConfig& v = config.vision;
        const Siglip siglip(v, *weights_, policy);
        ggml_tensor* h = nullptr;
        TensorBuffer buffer(*backend, 1, "activations", [&](ggml_context* ctx) {
            h = ggml_new_tensor_2d(ctx, GGML_TYPE_F32, v.n_embd, n * v.n_patches());
        });
        Graph g;
        ggml_tensor* pixels = g.input(GGML_TYPE_F32, v.image_size, v.image_size, 3, n);
        siglip.embed(g, pixels, h);
        for (int i = 0; i < v.n_layer; ++i) siglip.block(g, i, h);
        ggml_tensor* encoded = g.output(siglip.encoded(g, h));
        GraphMemory memory(*backend);
        memory.allocate(g);
        Floats all;
        for (int i = first; i < first + n; ++i) {
            const Floats one = random_floats(ggml_nelements(pixels) / n, 4 + i, 0.3f);
            all.insert(all.end(), one.begin(), one.end());
        }
        write(pixels, all);
        CHECK(backend->compute(g.cgraph(), 1e9));
        all = read(encoded);
        Outcome outcome{{}, ggml_graph_n_nodes(g.cgraph())};
        const auto size = static_cast<ptrdiff_t>(all.size()) / n;
        for (int i = 0; i < n; ++i)
            outcome.numbers.emplace_back(all.begin() + i * size, all.begin() + (i + 1) * size);
        return outcome;
    }

    // The hidden states of `n` tokens after all layers, then keys and values of the last one.
    Outcome prefill(const layers::Policy& policy, int n) const {
        const TextConfig& t = config.text;
        const Gemma gemma(t, *weights_, policy);
        ggml_tensor* h = nullptr;
        std::vector<LayerCache> caches;
        TensorBuffer buffer(*backend, 1 + 2 * t.n_layer, "activations", [&](ggml_context* ctx) {
            h = ggml_new_tensor_2d(ctx, GGML_TYPE_F32, t.n_embd, n);
            for (int i = 0; i < t.n_layer; ++i) {
                auto rows = [&] {
                    return ggml_new_tensor_2d(ctx, GGML_TYPE_F32, t.head_dim * t.n_head_kv, n);
                };
                caches.push_back({.k = rows(), .v = rows()});
            }
        });
        write(h, random_floats(ggml_nelements(h), 5));
        Graph g;
        ggml_tensor* positions = g.input(GGML_TYPE_I32, n);
        for (int i = 0; i < t.n_layer; ++i) gemma.prefill_layer(g, i, h, positions, &caches[i], 0);
        GraphMemory memory(*backend);
        memory.allocate(g);
        std::vector<int32_t> ids(n);
        for (int i = 0; i < n; ++i) ids[i] = i;
        ggml_backend_tensor_set(positions, ids.data(), 0, ggml_nbytes(positions));
        CHECK(backend->compute(g.cgraph(), 1e9));
        return {{read(h), read(caches.back().k), read(caches.back().v)},
                ggml_graph_n_nodes(g.cgraph())};
    }

  private:
    std::unique_ptr<Backend> backend;
    TemporaryFile temporary_;
    ModelFile file_;
    std::vector<GgufFile> gguf_;
    ModelConfig config;
    std::vector<TensorSpec> table_;
    std::optional<Weights> weights_;
};

// Rows of a matmul do not depend on one another, except in the order of additions.
constexpr double CUT_BOUND = 1e-6;
// Fused attention adds in another order.
constexpr double FUSED_BOUND = 1e-5;
}  // namespace

TEST("the vision tower computes the same however it is cut, for one picture and for several") {
    const TinyNetworks networks(sizes("gemma", 1, 64, 0), 0);
    constexpr int N = 3;
    std::vector<Outcome> alone;
    for (int i = 0; i < N; ++i) alone.push_back(networks.encode(cut_never(), i, 1));
    for (int n : {1, N}) {
        auto check = [&](const layers::Policy& policy, double bound, const std::string& what) {
            const Outcome other = networks.encode(policy, 0, n);
            for (int i = 0; i < n; ++i)
                check_close(other.numbers[i], alone[i].numbers[0], bound,
                            what + ", picture " + std::to_string(i) + " of " + std::to_string(n));
            return other.n_nodes;
        };
        const int n_whole = check(cut_never(), CUT_BOUND, "whole");
        CHECK(check(cut_small(), CUT_BOUND, "cut") > n_whole);
        const int n_fused = check(fused(cut_never()), FUSED_BOUND, "fused");
        CHECK(n_fused < n_whole);
        CHECK(check(fused(cut_small()), FUSED_BOUND, "fused and cut") > n_fused);
        const int n_kernel = check(with_kernel(cut_never()), FUSED_BOUND, "kernel");
        CHECK(check(with_kernel(cut_small()), FUSED_BOUND, "kernel and cut") > n_kernel);
    }
}

TEST("the prefix computes the same however it is cut") {
    struct Case {
        const char* architecture;
        int n_head_kv, head_dim;
        float softcap;
    };
    for (const Case& c :
         {Case{"gemma", 1, 256, 0}, Case{"gemma2", 2, 72, 5}, Case{"gemma2", 4, 64, 0}}) {
        const TinyNetworks networks(sizes(c.architecture, c.n_head_kv, c.head_dim, c.softcap),
                                    c.softcap);
        // How many nodes more than without cuts.
        auto check = [&](const layers::Policy& policy, int n, double bound, const char* what) {
            const Outcome whole = networks.prefill(cut_never(), n);
            const Outcome other = networks.prefill(policy, n);
            for (size_t i = 0; i < whole.numbers.size(); ++i)
                check_close(other.numbers[i], whole.numbers[i], bound,
                            std::string(c.architecture) + ", " + what + ", " +
                                std::array{"hidden", "keys", "values"}[i]);
            return other.n_nodes - whole.n_nodes;
        };
        CHECK(check(cut_small(), 151, CUT_BOUND, "cut") > 0);
        CHECK(check(cut_small(), 192, CUT_BOUND, "cut evenly") > 0);
        // A multiple of 64: see is_miscounted in kernels/attention_test.cpp.
        const int n_fused = check(fused(cut_never()), 192, FUSED_BOUND, "fused");
        CHECK(n_fused < 0);
        CHECK(check(fused(cut_small()), 192, FUSED_BOUND, "fused and cut") > n_fused);
        const int n_kernel = check(with_kernel(cut_never()), 131, FUSED_BOUND, "kernel");
        CHECK(check(with_kernel(cut_small()), 131, FUSED_BOUND, "kernel and cut") > n_kernel);
    }
}

}  // namespace paligemma::test
