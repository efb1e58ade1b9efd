// The networks give the same numbers however their work is cut: in few nodes or many, with fused
// attention or with products. Whether the numbers are right is checked against the reference in
// test/parity, on sizes that fit one chunk; here are the larger ones.
#include <ggml.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <optional>

#include "compute/graph.h"
#include "kernels/attention.h"
#include "kernels/attention_tile.h"
#include "kernels/kernel_sets.h"
#include "models/gemma.h"
#include "models/siglip.h"
#include "support/random.h"
#include "support/test.h"
#include "support/tiny_model.h"

namespace paligemma::test {

namespace {

using Numbers = std::vector<float>;

Numbers random_numbers(size_t n, uint64_t seed, float scale = 1.f) {
    Random random(seed);
    Numbers numbers(n);
    for (float& f : numbers) {
        // Sums of uniform numbers: a few are large, as activations are.
        f = 0;
        for (int i = 0; i < 4; ++i) f += static_cast<float>(random.below(20001)) / 10000.f - 1.f;
        f *= scale;
    }
    return numbers;
}

// The largest difference in units of the expected numbers' root mean square.
double difference(const Numbers& found, const Numbers& expected) {
    CHECK_EQ(found.size(), expected.size());
    double max = 0, squares = 0;
    for (size_t i = 0; i < expected.size(); ++i) {
        max = std::max<double>(max, std::fabs(found[i] - expected[i]));
        squares += static_cast<double>(expected[i]) * expected[i];
    }
    CHECK(squares > 0);
    return max / std::sqrt(squares / static_cast<double>(expected.size()));
}

void check_close(const Numbers& found, const Numbers& expected, double bound,
                 const std::string& what) {
    const double d = difference(found, expected);
    if (!(d <= bound))
        fail(__FILE__, __LINE__,
             what + ": differs by " + std::to_string(d * 1e6) + "e-6 of the RMS, allowed " +
                 std::to_string(bound * 1e6) + "e-6");
}

Numbers read(const ggml_tensor* t) {
    Numbers numbers(static_cast<size_t>(ggml_nelements(t)));
    if (t->type == GGML_TYPE_F32) {
        ggml_backend_tensor_get(t, numbers.data(), 0, ggml_nbytes(t));
    } else {
        std::vector<ggml_fp16_t> halves(numbers.size());
        ggml_backend_tensor_get(t, halves.data(), 0, ggml_nbytes(t));
        ggml_fp16_to_fp32_row(halves.data(), numbers.data(), ggml_nelements(t));
    }
    return numbers;
}

void write(ggml_tensor* t, const Numbers& numbers) {
    CHECK_EQ(static_cast<int64_t>(numbers.size()), ggml_nelements(t));
    if (t->type == GGML_TYPE_F32) {
        ggml_backend_tensor_set(t, numbers.data(), 0, ggml_nbytes(t));
    } else {
        std::vector<uint8_t> bytes(ggml_nbytes(t));
        ggml_quantize_chunk(t->type, numbers.data(), bytes.data(), 0, ggml_nrows(t), t->ne[0],
                            nullptr);
        ggml_backend_tensor_set(t, bytes.data(), 0, bytes.size());
    }
}

// What a tensor of Q8_0 holds of these numbers.
Numbers rounded_to_q8_0(const Numbers& numbers) {
    const auto n = static_cast<int64_t>(numbers.size());
    std::vector<uint8_t> bytes(ggml_row_size(GGML_TYPE_Q8_0, n));
    ggml_quantize_chunk(GGML_TYPE_Q8_0, numbers.data(), bytes.data(), 0, 1, n, nullptr);
    Numbers out(numbers.size());
    ggml_get_type_traits(GGML_TYPE_Q8_0)->to_float(bytes.data(), out.data(), n);
    return out;
}

// --- attention alone ----------------------------------------------------------------------------

struct AttentionCase {
    int64_t head_dim, n_head, n_head_kv, n_q, n_kv;
    float softcap;
    bool masked;  // causal, the last query sees everything
    float scale() const { return 1.f / std::sqrt(static_cast<float>(head_dim)); }
    bool visible(int64_t query, int64_t key) const { return !masked || key <= query + n_kv - n_q; }
    std::string text() const {
        return "heads " + std::to_string(n_head) + "/" + std::to_string(n_head_kv) + " of " +
               std::to_string(head_dim) + ", " + std::to_string(n_q) + " queries, " +
               std::to_string(n_kv) + " keys, cap " + std::to_string(softcap) +
               (masked ? ", masked" : "");
    }
};

struct AttentionInputs {
    Numbers q, k, v;
};

AttentionInputs inputs_of(const AttentionCase& c) {
    // Scores well above the soft-cap of 5, so that a cap at the wrong place shows.
    return {random_numbers(static_cast<size_t>(c.head_dim * c.n_head * c.n_q), 1, 2.f),
            random_numbers(static_cast<size_t>(c.head_dim * c.n_head_kv * c.n_kv), 2, 2.f),
            random_numbers(static_cast<size_t>(c.head_dim * c.n_head_kv * c.n_kv), 3)};
}

// The formulas of spec section 5.1, in double precision.
Numbers attention_by_hand(const AttentionCase& c, const AttentionInputs& in) {
    Numbers out;
    for (int64_t i = 0; i < c.n_q; ++i) {
        for (int64_t h = 0; h < c.n_head; ++h) {
            const int64_t h_kv = h / (c.n_head / c.n_head_kv);
            const float* q = &in.q[static_cast<size_t>((i * c.n_head + h) * c.head_dim)];
            auto row = [&](const Numbers& rows, int64_t j) {
                return &rows[static_cast<size_t>((j * c.n_head_kv + h_kv) * c.head_dim)];
            };
            std::vector<double> p(static_cast<size_t>(c.n_kv));
            double max = -INFINITY, sum = 0;
            for (int64_t j = 0; j < c.n_kv; ++j) {
                double s = 0;
                for (int64_t d = 0; d < c.head_dim; ++d) s += double{q[d]} * row(in.k, j)[d];
                s *= c.scale();
                if (c.softcap != 0) s = c.softcap * std::tanh(s / c.softcap);
                p[static_cast<size_t>(j)] = c.visible(i, j) ? s : -INFINITY;
                max = std::max(max, p[static_cast<size_t>(j)]);
            }
            for (double& x : p) sum += x = std::exp(x - max);
            for (int64_t d = 0; d < c.head_dim; ++d) {
                double y = 0;
                for (int64_t j = 0; j < c.n_kv; ++j)
                    y += p[static_cast<size_t>(j)] / sum * row(in.v, j)[d];
                out.push_back(static_cast<float>(y));
            }
        }
    }
    return out;
}

Numbers attention(Backend& backend, const AttentionCase& c, const AttentionInputs& in, bool fused,
                  ggml_type type, const AttentionKernel* kernel = nullptr) {
    Graph g;
    ggml_tensor* q = g.input(GGML_TYPE_F32, c.head_dim, c.n_head, c.n_q);
    ggml_tensor* k = g.input(type, c.head_dim, c.n_head_kv, c.n_kv);
    ggml_tensor* v = g.input(type, c.head_dim, c.n_head_kv, c.n_kv);
    ggml_tensor* mask = c.masked ? g.input(GGML_TYPE_F16, c.n_kv, c.n_q) : nullptr;
    const layers::AttentionParams params{
        .scale = c.scale(), .softcap = c.softcap, .fused = fused, .kernel = kernel};
    ggml_tensor* y =
        g.output(layers::attention(g, q, layers::keys_values(g, k, v, params), mask, params));
    require_supported(backend, g);
    GraphMemory memory(backend);
    memory.allocate(g);
    write(q, in.q);
    write(k, in.k);
    write(v, in.v);
    if (mask != nullptr) {
        Numbers m;
        for (int64_t i = 0; i < c.n_q; ++i)
            for (int64_t j = 0; j < c.n_kv; ++j) m.push_back(c.visible(i, j) ? 0.f : -INFINITY);
        write(mask, m);
    }
    CHECK(backend.compute(g.cgraph(), 1e9));
    return read(y);
}

// --- whole networks -----------------------------------------------------------------------------

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
    std::vector<Numbers> numbers;
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
                                .product = use != TensorUse::Plain,
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
        Numbers all;
        for (int i = first; i < first + n; ++i) {
            const Numbers one = random_numbers(ggml_nelements(pixels) / n, 4 + i, 0.3f);
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
        write(h, random_numbers(ggml_nelements(h), 5));
        Graph g;
        ggml_tensor* positions = g.input(GGML_TYPE_I32, n);
        for (int i = 0; i < t.n_layer; ++i) gemma.prefill_layer(g, i, h, positions, caches[i], 0);
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

// Rows of a product do not depend on one another, except in the order of sums.
constexpr double CUT_BOUND = 1e-6;
// Fused attention sums in another order.
constexpr double FUSED_BOUND = 1e-5;
// One head alone, with scores of up to 20, whose rounding the exponential multiplies.
constexpr double F32_ATTENTION_BOUND = 5e-5;
// Fused attention on f16 values sums them in f16.
constexpr double F16_ATTENTION_BOUND = 3e-2;
// ggml's products with q8_0 keys round the queries to 8 bits as well. Ours do not.
constexpr double GGML_Q8_0_ATTENTION_BOUND = 0.25;

// ggml's kernel for 64 and more queries fills the last 64 keys up with -inf before the soft-cap,
// which makes -cap of it, so that they count unless a mask hides them (ggml-cpu/ops.cpp,
// ggml_compute_forward_flash_attn_ext_tiled). Nothing runs into it: Policy::fused_prefill is off on
// the CPU.
bool is_miscounted(const AttentionCase& c) {
    return c.n_q >= 64 && c.n_kv % 64 != 0 && c.softcap != 0 && !c.masked;
}

}  // namespace

TEST("attention is the formula, fused or not") {
    const auto backend = Backend::open("cpu", 2);
    for (int64_t head_dim : {72, 256}) {
        for (auto [n_head, n_head_kv] : {std::pair{4, 4}, {4, 1}, {4, 2}}) {
            for (auto [n_q, n_kv] : {std::pair{1, 70}, {45, 45}, {100, 131}, {70, 192}}) {
                for (float softcap : {0.f, 5.f}) {
                    for (bool masked : {false, true}) {
                        const AttentionCase c{head_dim, n_head,  n_head_kv, n_q,
                                              n_kv,     softcap, masked};
                        const AttentionInputs in = inputs_of(c);
                        const Numbers expected = attention_by_hand(c, in);
                        for (bool is_fused : {false, true}) {
                            if (is_fused && is_miscounted(c)) continue;
                            const std::string what =
                                (is_fused ? "fused, " : "products, ") + c.text();
                            check_close(attention(*backend, c, in, is_fused, GGML_TYPE_F32),
                                        expected, F32_ATTENTION_BOUND, what);
                            check_close(attention(*backend, c, in, is_fused, GGML_TYPE_F16),
                                        expected, F16_ATTENTION_BOUND, what + ", f16");
                            if (head_dim % 32 != 0) continue;
                            check_close(attention(*backend, c, in, is_fused, GGML_TYPE_Q8_0),
                                        expected, GGML_Q8_0_ATTENTION_BOUND, what + ", q8_0");
                        }
                    }
                }
            }
        }
    }
}

TEST("our attention is the formula, for every number of queries and keys") {
    const auto kernels = usable_attention_kernels();
    if (kernels.empty()) std::puts("skipped: this CPU has no attention kernel of ours");
    for (size_t i = 0; i < 2 * kernels.size(); ++i) {
        const int threads = i % 2 == 0 ? 1 : 3;
        const AttentionKernel* kernel = kernels[i / 2];
        const auto backend = Backend::open("cpu", threads);
        for (int64_t head_dim : {8, 72, 96, 256}) {
            for (auto [n_head, n_head_kv] : {std::pair{4, 4}, {4, 1}, {6, 2}}) {
                for (auto [n_q, n_kv] :
                     {std::pair{1, 1}, {1, 70}, {5, 128}, {49, 129}, {97, 300}}) {
                    for (float softcap : {0.f, 5.f}) {
                        const AttentionCase c{head_dim, n_head,  n_head_kv, n_q,
                                              n_kv,     softcap, false};
                        const AttentionInputs in = inputs_of(c);
                        check_close(attention(*backend, c, in, false, GGML_TYPE_F32, kernel),
                                    attention_by_hand(c, in), F32_ATTENTION_BOUND,
                                    std::string(kernel->name) + ", " + std::to_string(threads) +
                                        " threads, " + c.text());
                        // With a mask it reads a cache, of heads that are whole vectors.
                        if (head_dim % 16 != 0 && head_dim != 72) continue;
                        AttentionCase m = c;
                        m.head_dim = head_dim == 72 ? 80 : head_dim;
                        m.masked = true;
                        const AttentionInputs cached = inputs_of(m);
                        const Numbers expected = attention_by_hand(m, cached);
                        for (auto [type, bound] : {std::pair{GGML_TYPE_F32, F32_ATTENTION_BOUND},
                                                   {GGML_TYPE_F16, F16_ATTENTION_BOUND}})
                            check_close(attention(*backend, m, cached, false, type, kernel),
                                        expected, bound,
                                        std::string(kernel->name) + ", " + m.text() + ", " +
                                            ggml_type_name(type));
                        if (m.head_dim % 32 != 0) continue;
                        const AttentionInputs held{cached.q, rounded_to_q8_0(cached.k),
                                                   rounded_to_q8_0(cached.v)};
                        check_close(attention(*backend, m, held, false, GGML_TYPE_Q8_0, kernel),
                                    attention_by_hand(m, held), F32_ATTENTION_BOUND,
                                    std::string(kernel->name) + ", " + m.text() + ", q8_0");
                    }
                }
            }
        }
    }
}

// AddressSanitizer and ThreadSanitizer end the process where `new` would throw.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool NEW_THROWS = false;
#else
constexpr bool NEW_THROWS = true;
#endif

TEST("a thread without memory to work in is an error, and the next run is right") {
    const auto kernels = usable_attention_kernels();
    if (kernels.empty() || !NEW_THROWS)
        std::puts("skipped: needs an attention kernel of ours and no sanitizer");
    for (size_t i = 0; NEW_THROWS && i < kernels.size(); ++i) {
        const auto backend = Backend::open("cpu", 2);
        const AttentionCase c{64, 2, 2, 100, 1, 0.f, false};
        const AttentionInputs in = inputs_of(c);
        Graph g;
        ggml_tensor* q = g.input(GGML_TYPE_F32, c.head_dim, c.n_head, c.n_q);
        ggml_tensor* k = g.input(GGML_TYPE_F32, c.head_dim, c.n_head_kv, c.n_kv);
        ggml_tensor* v = g.input(GGML_TYPE_F32, c.head_dim, c.n_head_kv, c.n_kv);
        ggml_tensor* y = g.output(kernel_attention(g.ctx(), kernels[i], q, k, v, c.scale(), 0));
        GraphMemory memory(*backend);
        memory.allocate(g);
        write(q, in.q);
        write(k, in.k);
        write(v, in.v);
        // Both threads would pack so many keys, more than any address space holds.
        k->ne[2] = int64_t{1} << 50;
        try {
            backend->compute(g.cgraph(), 1e12);
            CHECK(false);
        } catch (const Error& e) {
            CHECK(e.code() == ErrorCode::OutOfMemory);
        }
        k->ne[2] = c.n_kv;
        CHECK(backend->compute(g.cgraph(), 1e12));
        check_close(read(y), attention_by_hand(c, in), F32_ATTENTION_BOUND, c.text());
    }
}

TEST("the vision tower gives the same however it is cut, for one picture and for several") {
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

TEST("the prefix gives the same however it is cut") {
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
        // A multiple of 64: see is_miscounted.
        const int n_fused = check(fused(cut_never()), 192, FUSED_BOUND, "fused");
        CHECK(n_fused < 0);
        CHECK(check(fused(cut_small()), 192, FUSED_BOUND, "fused and cut") > n_fused);
        const int n_kernel = check(with_kernel(cut_never()), 131, FUSED_BOUND, "kernel");
        CHECK(check(with_kernel(cut_small()), 131, FUSED_BOUND, "kernel and cut") > n_kernel);
    }
}

}  // namespace paligemma::test
