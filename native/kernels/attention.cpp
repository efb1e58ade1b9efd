#include "kernels/attention.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <span>

#include "kernels/attention_tile.h"
#include "kernels/scratch.h"

namespace paligemma {

namespace {

// Queries that use one block of keys before the next is loaded: their accumulators and the block
// stay in L2.
constexpr int64_t QUERY_BLOCK = 48;

struct Sizes {
    int64_t head_dim, width, n_head, n_head_kv, n_q, n_kv, n_blocks;
    explicit Sizes(const ggml_tensor* q, const ggml_tensor* k)
        : head_dim(q->ne[0]),
          width((q->ne[0] + 15) / 16 * 16),
          n_head(q->ne[1]),
          n_head_kv(k->ne[1]),
          n_q(q->ne[2]),
          n_kv(k->ne[2]),
          n_blocks((k->ne[2] + KEY_BLOCK - 1) / KEY_BLOCK) {}
};

const float* row(const ggml_tensor* t, int64_t head, int64_t i) {
    return reinterpret_cast<const float*>(static_cast<const char*>(t->data) + head * t->nb[1] +
                                          i * t->nb[2]);
}

// Keys and values of one head, in the order in which the kernels read them.
void pack(const Sizes& s, const ggml_tensor* k, const ggml_tensor* v, int64_t head, float* keys,
          float* values) {
    for (int64_t i = 0; i < s.n_blocks * KEY_BLOCK; ++i) {
        float* column = keys + i / 16 * 16 * s.head_dim + i % 16;
        float* value = values + i * s.width;
        if (i >= s.n_kv) {
            for (int64_t j = 0; j < s.head_dim; ++j) column[j * 16] = 0.f;
            std::fill_n(value, s.width, 0.f);
            continue;
        }
        const float* from = row(k, head, i);
        for (int64_t j = 0; j < s.head_dim; ++j) column[j * 16] = from[j];
        std::memcpy(value, row(v, head, i), s.head_dim * sizeof(float));
        std::fill(value + s.head_dim, value + s.width, 0.f);
    }
}

struct Job {
    const AttentionKernel* kernel;
    float scale, softcap;
};

// Our slots in op_params; ggml uses the first half for a custom node.
constexpr size_t JOB_AT = GGML_MAX_OP_PARAMS / sizeof(int32_t) / 2;

Job job_of(const ggml_tensor* dst) {
    Job job;
    std::memcpy(&job, dst->op_params + JOB_AT, sizeof(job));
    return job;
}

// Up to QUERY_BLOCK queries of one head.
void attend(const Job& job, const Sizes& s, const ggml_tensor* q, int64_t head, int64_t begin,
            int64_t end, const float* keys, const float* values, ggml_tensor* dst) {
    static thread_local Scratch scratch;
    const int64_t tile_rows = job.kernel->tile_rows, n = end - begin;
    float* out = scratch.get(n * (s.width + 2) + tile_rows * KEY_BLOCK);
    float* max = out + n * s.width;
    float* sum = max + n;
    std::fill_n(out, n * s.width, 0.f);
    std::fill_n(max, n, -INFINITY);
    std::fill_n(sum, n, 0.f);
    AttentionTile t{};
    t.stride = static_cast<int64_t>(q->nb[2] / sizeof(float));
    t.head_dim = s.head_dim;
    t.width = s.width;
    t.scale = job.scale;
    t.softcap = job.softcap;
    t.scores = sum + n;
    for (int64_t block = 0; block < s.n_blocks; ++block) {
        t.keys = keys + block * KEY_BLOCK * s.head_dim;
        t.values = values + block * KEY_BLOCK * s.width;
        t.n_keys = std::min(KEY_BLOCK, s.n_kv - block * KEY_BLOCK);
        for (int64_t i = 0; i < n; i += tile_rows) {
            t.rows = static_cast<int>(std::min(tile_rows, n - i));
            t.queries = row(q, head, begin + i);
            t.max = max + i;
            t.sum = sum + i;
            t.out = out + i * s.width;
            job.kernel->add(t);
        }
    }
    for (int64_t i = 0; i < n; ++i) {
        auto* to =
            reinterpret_cast<float*>(static_cast<char*>(dst->data) + (begin + i) * dst->nb[1]) +
            head * s.head_dim;
        const float factor = 1.f / sum[i];
        for (int64_t j = 0; j < s.head_dim; ++j) to[j] = out[i * s.width + j] * factor;
    }
}

// The work is cut into blocks of queries of a head, heads that share keys next to one another.
void attend_all(ggml_tensor* dst, int ith, int nth) {
    static thread_local Scratch scratch;
    const ggml_tensor *q = dst->src[0], *k = dst->src[1], *v = dst->src[2];
    const Job job = job_of(dst);
    const Sizes s(q, k);
    const int64_t per_head = (s.n_q + QUERY_BLOCK - 1) / QUERY_BLOCK;
    const int64_t items = s.n_head * per_head, group = s.n_head / s.n_head_kv;
    float* keys = scratch.get(s.n_blocks * KEY_BLOCK * (s.head_dim + s.width));
    float* values = keys + s.n_blocks * KEY_BLOCK * s.head_dim;
    int64_t packed = -1;
    for (int64_t item = items * ith / nth; item < items * (ith + 1) / nth; ++item) {
        const int64_t head = item / per_head, begin = item % per_head * QUERY_BLOCK;
        if (head / group != packed) {
            packed = head / group;
            pack(s, k, v, packed, keys, values);
        }
        attend(job, s, q, head, begin, std::min(begin + QUERY_BLOCK, s.n_q), keys, values, dst);
    }
}

CacheType cache_type(ggml_type type) {
    switch (type) {
        case GGML_TYPE_F16:
            return CacheType::F16;
        case GGML_TYPE_Q8_0:
            return CacheType::Q8_0;
        default:
            return CacheType::F32;
    }
}

// A token's heads, a few that share keys at a time.
void decode_all(ggml_tensor* dst, int ith, int nth) {
    static thread_local Scratch scratch;
    const ggml_tensor *q = dst->src[0], *k = dst->src[1], *v = dst->src[2], *mask = dst->src[3];
    const Job job = job_of(dst);
    const Sizes s(q, k);
    const int64_t group = s.n_head / s.n_head_kv;
    const int64_t per_group = (group + job.kernel->decode_heads - 1) / job.kernel->decode_heads;
    const int64_t per_token = s.n_head_kv * per_group, items = s.n_q * per_token;
    const uint16_t hidden = ggml_fp32_to_fp16(-INFINITY);
    for (int64_t item = items * ith / nth; item < items * (ith + 1) / nth; ++item) {
        const int64_t token = item / per_token, head_kv = item % per_token / per_group;
        // As even as may be: 5 heads are 3 and 2.
        const int64_t part = item % per_group, begin = group * part / per_group,
                      end = group * (part + 1) / per_group;
        const int64_t head = head_kv * group + begin;
        DecodeTile t{};
        t.mask = reinterpret_cast<const uint16_t*>(static_cast<const char*>(mask->data) +
                                                   token * mask->nb[1]);
        t.n_keys = s.n_kv;
        while (t.n_keys > 1 && t.mask[t.n_keys - 1] == hidden) --t.n_keys;
        t.queries = row(q, head, token);
        t.heads = static_cast<int>(end - begin);
        t.keys = static_cast<const char*>(k->data) + head_kv * k->nb[1];
        t.values = static_cast<const char*>(v->data) + head_kv * v->nb[1];
        t.key_stride = static_cast<int64_t>(k->nb[2]);
        t.value_stride = static_cast<int64_t>(v->nb[2]);
        t.type = cache_type(k->type);
        t.head_dim = s.head_dim;
        t.scale = job.scale;
        t.softcap = job.softcap;
        t.scores = scratch.get((end - begin) * ((t.n_keys + 15) / 16 * 16));
        t.out = reinterpret_cast<float*>(static_cast<char*>(dst->data) + token * dst->nb[1]) +
                head * s.head_dim;
        job.kernel->decode(t);
    }
}

void attention_node(ggml_tensor* dst, int ith, int nth, void*) {
    run_node([&] { attend_all(dst, ith, nth); });
}

void decode_node(ggml_tensor* dst, int ith, int nth, void*) {
    run_node([&] { decode_all(dst, ith, nth); });
}

ggml_tensor* attention_op(ggml_context* ctx, std::span<ggml_tensor*> args, ggml_custom_op_t run,
                          const Job& job) {
    const ggml_tensor* q = args[0];
    ggml_tensor* y =
        ggml_custom_4d(ctx, GGML_TYPE_F32, q->ne[0] * q->ne[1], q->ne[2], 1, 1, args.data(),
                       static_cast<int>(args.size()), run, GGML_N_TASKS_MAX, nullptr);
    static_assert(sizeof(job) <= GGML_MAX_OP_PARAMS / 2);
    std::memcpy(y->op_params + JOB_AT, &job, sizeof(job));
    return y;
}

}  // namespace

ggml_tensor* kernel_attention(ggml_context* ctx, const AttentionKernel* kernel, ggml_tensor* q,
                              ggml_tensor* k, ggml_tensor* v, float scale, float softcap) {
    ggml_tensor* args[] = {q, k, v};
    return attention_op(ctx, args, attention_node, {kernel, scale, softcap});
}

ggml_tensor* kernel_decode_attention(ggml_context* ctx, const AttentionKernel* kernel,
                                     ggml_tensor* q, ggml_tensor* k, ggml_tensor* v,
                                     ggml_tensor* mask, float scale, float softcap) {
    ggml_tensor* args[] = {q, k, v, mask};
    return attention_op(ctx, args, decode_node, {kernel, scale, softcap});
}

}  // namespace paligemma
