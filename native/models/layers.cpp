#include "models/layers.h"

#include <cstring>
#include <optional>

#include "kernels/attention.h"
#include "kernels/matmul.h"

namespace paligemma::layers {

namespace {

// The arguments of layer_norm() or rms_norm(), recovered from the nodes.
struct Normalised {
    ggml_tensor *x, *weight, *bias;
    float eps;
};
std::optional<Normalised> normalised(ggml_tensor* y) {
    const bool is_layer_norm = y->op == GGML_OP_ADD;
    ggml_tensor* scaled = is_layer_norm ? y->src[0] : y;
    if (scaled->op != GGML_OP_MUL) return {};
    ggml_tensor* norm = scaled->src[0];
    if (norm->op != (is_layer_norm ? GGML_OP_NORM : GGML_OP_RMS_NORM)) return {};
    float eps;
    std::memcpy(&eps, norm->op_params, sizeof(eps));
    return Normalised{norm->src[0], scaled->src[1], is_layer_norm ? y->src[1] : nullptr, eps};
}

// A norm read only by matmuls is fused into packing: its own nodes never enter the graph.
ggml_tensor* packed(Graph& g, const Kernel* kernel, ggml_tensor* x) {
    return g.once(reinterpret_cast<const void*>(kernel->pack), x, [&] {
        const auto norm = normalised(x);
        return norm ? pack_normalised(g.ctx(), kernel, norm->x, norm->weight, norm->bias, norm->eps)
                    : pack_activations(g.ctx(), kernel, x);
    });
}

// 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))
ggml_tensor* gelu(Graph& g, const Policy& policy, ggml_tensor* x) {
    if (!policy.exact_gelu) return ggml_gelu(g.ctx(), x);
    constexpr float SQRT_2_OVER_PI = 0.79788456080286535588f;
    ggml_context* c = g.ctx();
    ggml_tensor* inner = ggml_scale_bias(c, ggml_sqr(c, x), 0.044715f, 1.f);  // 1 + 0.044715 x^2
    inner = ggml_scale(c, ggml_mul(c, inner, x), SQRT_2_OVER_PI);
    return ggml_mul(c, ggml_scale_bias(c, ggml_tanh(c, inner), 0.5f, 0.5f), x);
}

}  // namespace

int max_nodes(const Policy& policy, int n_layers, int64_t n_sequences, int64_t n, int64_t n_head,
              int64_t n_in, int64_t n_query, int64_t n_ff) {
    constexpr int64_t PER_LAYER = 48, PER_CHUNK = 32, REST = 64;
    const int64_t rows =
        std::min(policy.query_rows(n, n_head, n_query), policy.rows_per_node(n_in, n_query));
    const int64_t queries = n_sequences * (n / rows + 1);
    const int64_t ffn = n_sequences * n / policy.rows_per_node(n_in, n_ff) + 1;
    return static_cast<int>(n_layers * (PER_LAYER + PER_CHUNK * (queries + ffn)) + REST);
}

ggml_tensor* linear(Graph& g, ggml_tensor* weight, ggml_tensor* bias, ggml_tensor* x) {
    if (const Kernel* kernel = kernel_of(weight, x->ne[1]))
        return packed_matmul(g.ctx(), weight, bias, packed(g, kernel, x), x->ne[1]);
    ggml_tensor* y = ggml_mul_mat(g.ctx(), weight, x);
    return bias == nullptr ? y : ggml_add(g.ctx(), y, bias);
}

ggml_tensor* gelu_ffn(Graph& g, const Policy& policy, const Linear& up, const Linear& down,
                      ggml_tensor* x) {
    const Kernel *kernel = kernel_of(up.weight, x->ne[1]), *next = kernel_of(down.weight, x->ne[1]);
    if (kernel == nullptr)
        return linear(g, down.weight, down.bias, gelu(g, policy, linear(g, up.weight, up.bias, x)));
    // The result is packed at once where the next matmul can read that.
    const Result result = can_read(next, kernel) ? Result::Packed : Result::F32;
    ggml_tensor* y = packed_matmul(g.ctx(), up.weight, up.bias, packed(g, kernel, x), x->ne[1],
                                   Activation::Gelu, result);
    return result == Result::Packed ? packed_matmul(g.ctx(), down.weight, down.bias, y, x->ne[1])
                                    : linear(g, down.weight, down.bias, y);
}

ggml_tensor* gated_ffn(Graph& g, const Policy& policy, ggml_tensor* gate, ggml_tensor* up,
                       ggml_tensor* down, ggml_tensor* x) {
    const Kernel *kernel = kernel_of(gate, x->ne[1]), *next = kernel_of(down, x->ne[1]);
    if (kernel != nullptr && kernel == kernel_of(up, x->ne[1])) {
        const Result result = can_read(next, kernel) ? Result::Packed : Result::F32;
        ggml_tensor* y =
            packed_gated_matmul(g.ctx(), gate, up, packed(g, kernel, x), x->ne[1], result);
        return result == Result::Packed ? packed_matmul(g.ctx(), down, nullptr, y, x->ne[1])
                                        : linear(g, down, nullptr, y);
    }
    ggml_tensor* a = linear(g, gate, nullptr, x);
    ggml_tensor* b = linear(g, up, nullptr, x);
    return linear(g, down, nullptr,
                  policy.exact_gelu ? ggml_mul(g.ctx(), gelu(g, policy, a), b)
                                    : ggml_geglu_split(g.ctx(), a, b));
}

ggml_tensor* layer_norm(Graph& g, ggml_tensor* x, ggml_tensor* weight, ggml_tensor* bias,
                        float eps) {
    ggml_tensor* y = ggml_norm(g.ctx(), x, eps);
    return ggml_add(g.ctx(), ggml_mul(g.ctx(), y, weight), bias);
}

ggml_tensor* rms_norm(Graph& g, ggml_tensor* x, ggml_tensor* weight, float eps) {
    return ggml_mul(g.ctx(), ggml_rms_norm(g.ctx(), x, eps), weight);
}

ggml_tensor* soft_cap(Graph& g, ggml_tensor* x, float cap) {
    return ggml_scale(g.ctx(), ggml_tanh(g.ctx(), ggml_scale(g.ctx(), x, 1.f / cap)), cap);
}

KeysValues keys_values(Graph& g, ggml_tensor* k, ggml_tensor* v, const AttentionParams& params) {
    if (params.kernel != nullptr) return {k, v};
    ggml_context* c = g.ctx();
    k = ggml_permute(c, k, 0, 2, 1, 3);
    if (params.fused) return {k, ggml_permute(c, v, 0, 2, 1, 3)};
    // ggml transposes single elements, not blocks.
    if (ggml_is_quantized(v->type)) v = ggml_cast(c, v, GGML_TYPE_F32);
    return {k, ggml_cont(c, ggml_permute(c, v, 1, 2, 0, 3))};
}

ggml_tensor* attention(Graph& g, ggml_tensor* q, const KeysValues& kv, ggml_tensor* mask,
                       const AttentionParams& params) {
    ggml_context* c = g.ctx();
    if (params.kernel != nullptr && mask != nullptr)
        return kernel_decode_attention(c, params.kernel, q, kv.k, kv.v, mask, params.scale,
                                       params.softcap);
    if (params.kernel != nullptr)
        return kernel_attention(c, params.kernel, q, kv.k, kv.v, params.scale, params.softcap);
    const int64_t width = q->ne[0] * q->ne[1], n_q = q->ne[2];
    q = ggml_permute(c, q, 0, 2, 1, 3);  // [head_dim, n_q, n_head]
    if (params.fused) {
        ggml_tensor* y =
            ggml_flash_attn_ext(c, q, kv.k, kv.v, mask, params.scale, 0.f, params.softcap);
        return ggml_reshape_2d(c, y, width, n_q);
    }
    ggml_tensor* scores = ggml_mul_mat(c, kv.k, ggml_cont(c, q));  // [n_kv, n_q, n_head]
    float scale = params.scale;
    if (params.softcap != 0.f) {
        scores = soft_cap(g, ggml_scale(c, scores, scale), params.softcap);
        scale = 1.f;
    }
    ggml_tensor* p = ggml_soft_max_ext(c, scores, mask, scale, 0.f);
    ggml_tensor* y = ggml_mul_mat(c, kv.v, p);  // [head_dim, n_q, n_head]
    return ggml_cont_2d(c, ggml_permute(c, y, 0, 2, 1, 3), width, n_q);
}

ggml_tensor* rows(Graph& g, ggml_tensor* x, int64_t begin, int64_t n) {
    if (n == x->ne[1]) return x;
    return ggml_view_2d(g.ctx(), x, x->ne[0], n, x->nb[1], begin * x->nb[1]);
}

void add_to(Graph& g, ggml_tensor* h, ggml_tensor* delta) {
    g.expand(ggml_add_inplace(g.ctx(), h, delta));
}

}  // namespace paligemma::layers
