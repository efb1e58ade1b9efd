#include "kernels/matmul.h"

#include <ggml-backend.h>

#include <algorithm>
#include <cstring>
#include <vector>

namespace paligemma {

namespace {

// Rows of activations that go through one panel of weights before the next: their sums stay in the
// level 2 cache.
constexpr int64_t MAX_BLOCK_ROWS = 384;
// Bytes of weights that all of these rows are multiplied with before the next: half a level 1
// cache.
constexpr int64_t SLICE_BYTES = 16 << 10;
constexpr int64_t PAIR = 2 * PANEL_ROWS;

// m rows cut into tiles that differ by one row at most, so that none is nearly empty.
struct Tiling {
    int64_t m, tiles;
    Tiling(int64_t rows, int tile_rows) : m(rows), tiles((rows + tile_rows - 1) / tile_rows) {}
    int64_t begin(int64_t tile) const {
        return tile * (m / tiles) + std::min<int64_t>(tile, m % tiles);
    }
};

// Where things are in packed activations of m rows of k numbers.
struct PackedRows {
    uint8_t* numbers;
    float* scales;
    int32_t* sums;
    int64_t k, blocks, number_bytes;

    PackedRows(ActivationType type, void* data, int64_t width, int64_t m)
        : numbers(static_cast<uint8_t*>(data)),
          k(width),
          blocks(width / K_BLOCK),
          number_bytes(bytes_of(type)) {
        scales = reinterpret_cast<float*>(numbers + m * k * number_bytes);
        sums = reinterpret_cast<int32_t*>(scales + m * blocks);
    }
    static int64_t bytes(ActivationType type, int64_t k, int64_t m) {
        const bool scaled = type == ActivationType::I8 || type == ActivationType::I16;
        return m * (k * bytes_of(type) + (scaled ? k / K_BLOCK * 8 : 0));
    }
    static int64_t bytes_of(ActivationType type) {
        if (type == ActivationType::I8) return 1;
        return type == ActivationType::F32 ? 4 : 2;
    }
};

// Panels of a weight as the kernels see them.
struct Panels {
    const Kernel* kernel;
    const uint8_t* data;
    int64_t n_panels, panel_bytes, block_bytes, scales_at;

    explicit Panels(const ggml_tensor* w)
        : kernel(kernel_of(w)),
          data(static_cast<const uint8_t*>(w->data)),
          n_panels(w->ne[1] / PANEL_ROWS),
          panel_bytes(static_cast<int64_t>(ggml_row_size(w->type, w->ne[0])) * PANEL_ROWS) {
        const int64_t blocks = w->ne[0] / K_BLOCK;
        const int64_t scales = w->type == GGML_TYPE_BF16 ? 0 : blocks * PANEL_ROWS * 2;
        scales_at = panel_bytes - scales;
        block_bytes = scales_at / blocks;
    }
};

// Rows [tile_begin, tile_end) (counted in tiles) of x times one pair of panels -> out [rows][32].
void multiply_pair(const Panels& w, int64_t panel, int panels, const PackedRows& x,
                   const Tiling& tiling, int64_t tile_begin, int64_t tile_end, float* out) {
    const int64_t slice = tile_end - tile_begin == 1
                              ? x.blocks
                              : std::max<int64_t>(1, SLICE_BYTES / (2 * w.block_bytes));
    const int64_t first = tiling.begin(tile_begin);
    for (int64_t block = 0; block < x.blocks; block += slice) {
        Tile t{};
        t.panels = panels;
        t.blocks = std::min(slice, x.blocks - block);
        t.accumulate = block > 0;
        for (int p = 0; p < panels; ++p) {
            const uint8_t* data = w.data + (panel + p) * w.panel_bytes;
            t.weights[p] = data + block * w.block_bytes;
            // With one tile the weights come from memory and are not used again.
            t.next[p] = tile_end - tile_begin == 1 && panel + p + panels < w.n_panels
                            ? data + panels * w.panel_bytes
                            : nullptr;
            t.scales[p] = data + w.scales_at + block * PANEL_ROWS * 2;
        }
        for (int64_t i = tile_begin; i < tile_end; ++i) {
            const int64_t row = tiling.begin(i);
            t.rows = static_cast<int>(tiling.begin(i + 1) - row);
            t.x = x.numbers + (row * x.k + block * t.rows * K_BLOCK) * x.number_bytes;
            t.x_scales = x.scales + row * x.blocks + block * t.rows;
            t.x_sums = x.sums + row * x.blocks + block * t.rows;
            t.out = out + (row - first) * PAIR;
            w.kernel->multiply(t);
        }
    }
}

struct Product {
    const ggml_tensor* first;
    const ggml_tensor* second = nullptr;  // the factor behind GELU, or null
    const float* bias = nullptr;
    bool gelu = false;
};

// Thread `ith` of `nth` computes its share of the columns of dst [n, m].
void run_product(const Product& product, const ggml_tensor* x, ggml_tensor* dst, int ith, int nth) {
    alignas(64) static thread_local float sums[2][MAX_BLOCK_ROWS * PAIR];
    const Panels first(product.first);
    const int64_t m = dst->ne[1], n_panels = dst->ne[0] / PANEL_ROWS;
    const Kernel& kernel = *first.kernel;
    const PackedRows rows(kernel.activations, x->data, product.first->ne[0], m);
    const Tiling tiling(m, kernel.tile_rows);
    const int64_t block_tiles = MAX_BLOCK_ROWS / kernel.tile_rows;
    const int64_t n_pairs = (n_panels + 1) / 2;
    const int64_t begin = n_pairs * ith / nth, end = n_pairs * (ith + 1) / nth;
    for (int64_t tile = 0; tile < tiling.tiles; tile += block_tiles) {
        const int64_t tile_end = std::min(tile + block_tiles, tiling.tiles);
        const int64_t row = tiling.begin(tile), n_rows = tiling.begin(tile_end) - row;
        for (int64_t pair = begin; pair < end; ++pair) {
            const int64_t panel = pair * 2;
            const int panels = panel + 1 < n_panels ? 2 : 1;
            const int64_t width = panels * PANEL_ROWS;
            multiply_pair(first, panel, panels, rows, tiling, tile, tile_end, sums[0]);
            if (product.second != nullptr)
                multiply_pair(Panels(product.second), panel, panels, rows, tiling, tile, tile_end,
                              sums[1]);
            for (int64_t r = 0; r < n_rows; ++r) {
                float* values = sums[0] + r * PAIR;
                if (product.bias != nullptr)
                    for (int64_t i = 0; i < width; ++i)
                        values[i] += product.bias[panel * PANEL_ROWS + i];
                if (product.gelu)
                    kernel.gelu(values, product.second ? sums[1] + r * PAIR : nullptr, width);
                std::memcpy(static_cast<char*>(dst->data) + (row + r) * dst->nb[1] +
                                panel * PANEL_ROWS * sizeof(float),
                            values, width * sizeof(float));
            }
        }
    }
}

const float* row_of(const ggml_tensor* x, int64_t row) {
    return reinterpret_cast<const float*>(static_cast<const char*>(x->data) + row * x->nb[1]);
}

// Calls pack_tile(row, rows) for each tile that is thread `ith`'s.
template <typename PackTile>
void pack_tiles(const ggml_tensor* x, const Kernel& kernel, int ith, int nth, PackTile&& pack) {
    const Tiling tiling(x->ne[1], kernel.tile_rows);
    for (int64_t i = tiling.tiles * ith / nth; i < tiling.tiles * (ith + 1) / nth; ++i)
        pack(tiling.begin(i), static_cast<int>(tiling.begin(i + 1) - tiling.begin(i)));
}

void pack_tile(const Kernel& kernel, const PackedRows& to, int64_t row, const float* x,
               int64_t stride, int n) {
    kernel.pack(x, stride, n, to.k, to.numbers + row * to.k * to.number_bytes,
                to.scales + row * to.blocks, to.sums + row * to.blocks);
}

void pack_node(ggml_tensor* dst, int ith, int nth, void* data) {
    const auto& kernel = *static_cast<const Kernel*>(data);
    const ggml_tensor* x = dst->src[0];
    const PackedRows to(kernel.activations, dst->data, x->ne[0], x->ne[1]);
    pack_tiles(x, kernel, ith, nth, [&](int64_t row, int n) {
        pack_tile(kernel, to, row, row_of(x, row), static_cast<int64_t>(x->nb[1] / sizeof(float)),
                  n);
    });
}

// Where a node keeps its eps: ggml has its own parameters of a custom node in the first half.
constexpr size_t EPS_AT = GGML_MAX_OP_PARAMS / sizeof(int32_t) / 2;

void normalise_and_pack_node(ggml_tensor* dst, int ith, int nth, void* data) {
    static thread_local std::vector<float> scratch;
    const auto& kernel = *static_cast<const Kernel*>(data);
    const ggml_tensor *x = dst->src[0], *weight = dst->src[1], *bias = dst->src[2];
    const int64_t k = x->ne[0];
    float eps;
    std::memcpy(&eps, dst->op_params + EPS_AT, sizeof(eps));
    const PackedRows to(kernel.activations, dst->data, k, x->ne[1]);
    scratch.resize(static_cast<size_t>(kernel.tile_rows * k));
    pack_tiles(x, kernel, ith, nth, [&](int64_t row, int n) {
        for (int i = 0; i < n; ++i)
            kernel.normalise(row_of(x, row + i), k, row_of(weight, 0),
                             bias == nullptr ? nullptr : row_of(bias, 0), eps,
                             scratch.data() + i * k);
        pack_tile(kernel, to, row, scratch.data(), k, n);
    });
}

void product_node(ggml_tensor* dst, int ith, int nth, void* gelu) {
    const ggml_tensor* bias = dst->src[2];
    run_product({.first = dst->src[1],
                 .bias = bias == nullptr ? nullptr : static_cast<const float*>(bias->data),
                 .gelu = gelu != nullptr},
                dst->src[0], dst, ith, nth);
}

void gated_product_node(ggml_tensor* dst, int ith, int nth, void*) {
    run_product({.first = dst->src[1], .second = dst->src[2], .gelu = true}, dst->src[0], dst, ith,
                nth);
}

}  // namespace

void pack_weight(ggml_tensor* weight, const Kernel* kernel) {
    pack_rows(weight->type, kernel->weight_bytes, weight->ne[0], weight->ne[1], weight->data);
    weight->extra = const_cast<Kernel*>(kernel);
}

const Kernel* kernel_of(const ggml_tensor* weight) {
    // ggml's own extra buffer types and its GPU backends use `extra` too; none of theirs is host
    // memory.
    const bool ours = weight->extra != nullptr && weight->buffer != nullptr &&
                      ggml_backend_buffer_is_host(weight->buffer);
    return ours ? static_cast<const Kernel*>(weight->extra) : nullptr;
}

ggml_tensor* pack_activations(ggml_context* ctx, const Kernel* kernel, ggml_tensor* x) {
    return ggml_custom_4d(ctx, GGML_TYPE_I8,
                          PackedRows::bytes(kernel->activations, x->ne[0], x->ne[1]), 1, 1, 1, &x,
                          1, pack_node, GGML_N_TASKS_MAX, const_cast<Kernel*>(kernel));
}

ggml_tensor* pack_normalised(ggml_context* ctx, const Kernel* kernel, ggml_tensor* x,
                             ggml_tensor* weight, ggml_tensor* bias, float eps) {
    ggml_tensor* args[] = {x, weight, bias};
    ggml_tensor* y = ggml_custom_4d(ctx, GGML_TYPE_I8,
                                    PackedRows::bytes(kernel->activations, x->ne[0], x->ne[1]), 1,
                                    1, 1, args, bias == nullptr ? 2 : 3, normalise_and_pack_node,
                                    GGML_N_TASKS_MAX, const_cast<Kernel*>(kernel));
    std::memcpy(y->op_params + EPS_AT, &eps, sizeof(eps));
    return y;
}

ggml_tensor* packed_product(ggml_context* ctx, ggml_tensor* weight, ggml_tensor* bias,
                            ggml_tensor* x, int64_t m, bool gelu) {
    static char yes;
    ggml_tensor* args[] = {x, weight, bias};
    return ggml_custom_4d(ctx, GGML_TYPE_F32, weight->ne[1], m, 1, 1, args, bias ? 3 : 2,
                          product_node, GGML_N_TASKS_MAX, gelu ? &yes : nullptr);
}

ggml_tensor* packed_gated_product(ggml_context* ctx, ggml_tensor* gate, ggml_tensor* up,
                                  ggml_tensor* x, int64_t m) {
    ggml_tensor* args[] = {x, gate, up};
    return ggml_custom_4d(ctx, GGML_TYPE_F32, gate->ne[1], m, 1, 1, args, 3, gated_product_node,
                          GGML_N_TASKS_MAX, nullptr);
}

}  // namespace paligemma
