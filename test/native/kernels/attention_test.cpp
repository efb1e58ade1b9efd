// Attention, by ggml's nodes and by our kernels, against its formula in double precision.
#include "kernels/attention.h"

#include <ggml.h>

#include <cmath>
#include <string>
#include <vector>

#include "compute/graph.h"
#include "kernels/attention_tile.h"
#include "kernels/kernel_sets.h"
#include "models/layers.h"
#include "support/floats.h"
#include "support/test.h"

namespace paligemma::test {

namespace {

// These values after rounding to Q8_0.
Floats rounded_to_q8_0(const Floats& numbers) {
    const auto n = static_cast<int64_t>(numbers.size());
    std::vector<uint8_t> bytes(ggml_row_size(GGML_TYPE_Q8_0, n));
    ggml_quantize_chunk(GGML_TYPE_Q8_0, numbers.data(), bytes.data(), 0, 1, n, nullptr);
    Floats out(numbers.size());
    ggml_get_type_traits(GGML_TYPE_Q8_0)->to_float(bytes.data(), out.data(), n);
    return out;
}

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
    Floats q, k, v;
};

AttentionInputs inputs_of(const AttentionCase& c) {
    // Scores well above the soft-cap of 5, so that a cap at the wrong place shows.
    return {random_floats(static_cast<size_t>(c.head_dim * c.n_head * c.n_q), 1, 2.f),
            random_floats(static_cast<size_t>(c.head_dim * c.n_head_kv * c.n_kv), 2, 2.f),
            random_floats(static_cast<size_t>(c.head_dim * c.n_head_kv * c.n_kv), 3)};
}

// The formulas of spec section 5.1, in double precision.
Floats attention_by_hand(const AttentionCase& c, const AttentionInputs& in) {
    Floats out;
    for (int64_t i = 0; i < c.n_q; ++i) {
        for (int64_t h = 0; h < c.n_head; ++h) {
            const int64_t h_kv = h / (c.n_head / c.n_head_kv);
            const float* q = &in.q[static_cast<size_t>((i * c.n_head + h) * c.head_dim)];
            auto row = [&](const Floats& rows, int64_t j) {
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

Floats attention(Backend& backend, const AttentionCase& c, const AttentionInputs& in, bool fused,
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
        Floats m;
        for (int64_t i = 0; i < c.n_q; ++i)
            for (int64_t j = 0; j < c.n_kv; ++j) m.push_back(c.visible(i, j) ? 0.f : -INFINITY);
        write(mask, m);
    }
    CHECK(backend.compute(g.cgraph(), 1e9));
    return read(y);
}

// One head alone, with scores of up to 20, whose rounding the exponential multiplies.
constexpr double F32_ATTENTION_BOUND = 5e-5;
// Fused attention on f16 values accumulates in f16.
constexpr double F16_ATTENTION_BOUND = 3e-2;
// ggml's matmuls with q8_0 keys round the queries to 8 bits as well. Ours do not.
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
                        const Floats expected = attention_by_hand(c, in);
                        for (bool is_fused : {false, true}) {
                            if (is_fused && is_miscounted(c)) continue;
                            const std::string what =
                                (is_fused ? "fused, " : "matmuls, ") + c.text();
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

TEST("our attention is the formula, for any count of queries and keys") {
    const auto kernels = usable_attention_kernels();
    if (kernels.empty()) left_out("this CPU has none of our attention kernels");
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
                        const Floats expected = attention_by_hand(m, cached);
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
        left_out("needs one of our attention kernels and no sanitizer");
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

}  // namespace paligemma::test
