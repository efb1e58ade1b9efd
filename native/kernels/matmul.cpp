#include "kernels/matmul.h"

#include <ggml-backend.h>

#include <algorithm>
#include <cstring>

#include "kernels/scratch.h"

namespace paligemma {

namespace {

// Rows of activations that use a group of panels before the next group: the accumulators stay in
// L2.
constexpr int64_t MAX_BLOCK_ROWS = 384;
// Bytes of accumulators that a group of panels may have, besides a slice of the activations.
constexpr int64_t GROUP_BYTES = 256 << 10;
constexpr int64_t MAX_GROUP_PAIRS = 4;
// Where weights are streamed once: the two weights of a gated matmul alternate this seldom, as
// memory is read best sequentially.
constexpr int64_t MAX_STREAM_PAIRS = 32;
constexpr int64_t STREAM_BYTES = 512 << 10;
constexpr int64_t PAIR = 2 * PANEL_ROWS;

// Blocks of k that all rows use before the next: two panels of weights then take 16 KB, half an L1
// cache, also where they are widened (AMX: all of L1). Activations are packed in slices of this
// length, so they too are read sequentially.
int64_t slice_blocks(ActivationType type) {
    return type == ActivationType::I8 || type == ActivationType::I8x8 ||
                   type == ActivationType::BF16Rows
               ? 16
               : 8;
}

// m rows cut into tiles that differ by one row at most, so that none is nearly empty.
struct Tiling {
    int64_t m, tiles;
    Tiling(int64_t rows, int tile_rows) : m(rows), tiles((rows + tile_rows - 1) / tile_rows) {}
    int64_t begin(int64_t tile) const {
        return tile * (m / tiles) + std::min<int64_t>(tile, m % tiles);
    }
};

// Layout of packed activations of m rows of k elements: slices of k, in each the tiles, in each the
// elements as the kernels want them.
struct PackedRows {
    uint8_t* elements;
    float* scales;
    int32_t* sums;
    int64_t m, blocks, slice, element_bytes;

    PackedRows(ActivationType type, void* data, int64_t k, int64_t n_rows)
        : elements(static_cast<uint8_t*>(data)),
          m(n_rows),
          blocks(k / K_BLOCK),
          slice(slice_blocks(type)),
          element_bytes(bytes_of(type)) {
        scales = reinterpret_cast<float*>(elements + m * k * element_bytes);
        sums = reinterpret_cast<int32_t*>(scales + m * blocks);
    }
    static int64_t bytes(ActivationType type, int64_t k, int64_t m) {
        const bool scaled = type == ActivationType::I8 || type == ActivationType::I8x8 ||
                            type == ActivationType::I16;
        return m * (k * bytes_of(type) + (scaled ? k / K_BLOCK * 8 : 0));
    }
    static int64_t bytes_of(ActivationType type) {
        if (type == ActivationType::I8 || type == ActivationType::I8x8) return 1;
        return type == ActivationType::F32 ? 4 : 2;
    }
    int64_t slice_length(int64_t block) const { return std::min(slice, blocks - block); }
    // Offset of `block` in the tile of `rows` rows that begins with `row`, in blocks of one row.
    int64_t at(int64_t block, int64_t row, int64_t rows) const {
        const int64_t first = block / slice * slice;
        return first * m + row * slice_length(first) + (block - first) * rows;
    }
    uint8_t* elements_at(int64_t at) const { return elements + at * K_BLOCK * element_bytes; }
};

// A weight as the kernels see it.
struct Panels {
    const Kernel* kernel;
    const uint8_t* data;
    int64_t n_panels, blocks, block_bytes;  // of one panel

    Panels(const ggml_tensor* w, int64_t m)
        : kernel(kernel_of(w, m)),
          data(static_cast<const uint8_t*>(w->data)),
          n_panels(w->ne[1] / PANEL_ROWS),
          blocks(w->ne[0] / K_BLOCK),
          block_bytes(static_cast<int64_t>(ggml_row_size(w->type, K_BLOCK)) * PANEL_ROWS) {}
};

// Weights of one pass: two adjacent panels (one, if the last is odd) over some blocks of k.
struct Piece {
    const Panels* weights;
    int64_t panel, block, blocks;
    int panels() const { return panel + 1 < weights->n_panels ? 2 : 1; }
    const uint8_t* begin() const {
        return weights->data + (panel * weights->blocks + block * panels()) * weights->block_bytes;
    }
    int64_t bytes() const { return blocks * panels() * weights->block_bytes; }
};

// Prefetches part `i` of `n` of the next piece, so that its first tile need not wait.
void fetch(const Piece& next, int64_t i, int64_t n) {
    constexpr int64_t LINE = 64;
    const int64_t lines = (next.bytes() + LINE - 1) / LINE;
#if defined(__GNUC__) || defined(__clang__)  // others compile no kernel that would call this
    for (int64_t line = lines * i / n; line < lines * (i + 1) / n; ++line)
        __builtin_prefetch(next.begin() + line * LINE, 0, 2);
#endif
}

// Tiles [tile_begin, tile_end) of x times a piece -> out [rows][32]; accumulates unless the piece
// begins with the first block.
void multiply_piece(const Piece& piece, const Piece* next, const PackedRows& x,
                    const Tiling& tiling, int64_t tile_begin, int64_t tile_end, float* out) {
    static thread_local Scratch widened;
    const Kernel& kernel = *piece.weights->kernel;
    Tile t{};
    t.weights = piece.begin();
    t.panels = piece.panels();
    t.blocks = piece.blocks;
    t.from_memory = next == nullptr;
    t.accumulate = piece.block > 0;
    if (kernel.widen != nullptr) {
        const int64_t n_bytes = t.blocks * t.panels * WIDE_BLOCK_BYTES;
        auto* to = reinterpret_cast<uint8_t*>(widened.get(n_bytes / sizeof(float)));
        kernel.widen(t.weights, t.panels, t.blocks, to);
        t.weights = to;
    }
    const int64_t first = tiling.begin(tile_begin);
    for (int64_t i = tile_begin; i < tile_end; ++i) {
        const int64_t row = tiling.begin(i);
        t.rows = static_cast<int>(tiling.begin(i + 1) - row);
        const int64_t at = x.at(piece.block, row, t.rows);
        t.x = x.elements_at(at);
        t.x_scales = x.scales + at;
        t.x_sums = x.sums + at;
        t.out = out + (row - first) * PAIR;
        if (next != nullptr) fetch(*next, i - tile_begin, tile_end - tile_begin);
        kernel.multiply(t);
    }
}

// Our slots in op_params; ggml uses the first half for a custom node.
constexpr size_t OURS_AT = GGML_MAX_OP_PARAMS / sizeof(int32_t) / 2;

// Dynamic scheduling of a node's work by an atomic counter in op_params: a descheduled thread
// stalls no other. The last thread resets the counter.
class SharedWork {
  public:
    SharedWork(ggml_tensor* node, int n_threads, int64_t n_items, int64_t n_shares)
        : taken_(node->op_params + OURS_AT),
          n_threads_(n_threads),
          n_items_(n_items),
          n_shares_(std::min(n_items, n_shares)) {}
    SharedWork(const SharedWork&) = delete;
    SharedWork& operator=(const SharedWork&) = delete;
    // A thread that ran out of memory takes the rest without computing it, so that the counter is
    // reset.
    ~SharedWork() {
        for (int64_t begin, end; !is_done_ && take(begin, end);) {
        }
    }
    // The items [begin, end) of the next share; false when none is left. Every thread must call
    // this until then.
    bool take(int64_t& begin, int64_t& end) {
        const int64_t share = __atomic_fetch_add(&taken_[0], 1, __ATOMIC_RELAXED);
        begin = n_items_ * share / n_shares_;
        end = n_items_ * (share + 1) / n_shares_;
        if (share < n_shares_) return true;
        is_done_ = true;
        // ggml's barrier follows the node, so no thread takes another share once all were here.
        if (__atomic_add_fetch(&taken_[1], 1, __ATOMIC_ACQ_REL) == n_threads_)
            taken_[0] = taken_[1] = 0;
        return false;
    }

  private:
    int32_t* taken_;  // shares, and threads that got none
    int32_t n_threads_;
    int64_t n_items_, n_shares_;
    bool is_done_ = false;
};

struct Matmul {
    const ggml_tensor* first;
    const ggml_tensor* second = nullptr;  // the factor after GELU, or null
    const float* bias = nullptr;
    bool gelu = false;
};

// The rows of dst; ggml sees only bytes where dst is packed.
int32_t& rows_of(ggml_tensor* dst) {
    return dst->op_params[OURS_AT + 2];
}

// The results of one pair of panels, [n_rows][32], into dst: as they are, or packed, in which form
// they are one block of each row.
void store(const Matmul& matmul, const Kernel& kernel, float* acc, const float* factors,
           int64_t column, ggml_tensor* dst, const Tiling& tiling, int64_t tile, int64_t tile_end) {
    const int64_t n = matmul.first->ne[1], width = std::min(PAIR, n - column);
    const int64_t row = tiling.begin(tile), n_rows = tiling.begin(tile_end) - row;
    for (int64_t r = 0; r < n_rows; ++r) {
        float* values = acc + r * PAIR;
        if (matmul.bias != nullptr)
            for (int64_t i = 0; i < width; ++i) values[i] += matmul.bias[column + i];
        if (matmul.gelu) kernel.gelu(values, factors ? factors + r * PAIR : nullptr, width);
        if (dst->type == GGML_TYPE_F32)
            std::memcpy(
                static_cast<char*>(dst->data) + (row + r) * dst->nb[1] + column * sizeof(float),
                values, width * sizeof(float));
    }
    if (dst->type == GGML_TYPE_F32) return;
    const PackedRows to(kernel.activations, dst->data, n, tiling.m);
    for (int64_t i = tile; i < tile_end; ++i) {
        const int64_t first = tiling.begin(i), rows = tiling.begin(i + 1) - first;
        const int64_t at = to.at(column / K_BLOCK, first, rows);
        kernel.pack(acc + (first - row) * PAIR, PAIR, static_cast<int>(rows), K_BLOCK,
                    to.elements_at(at), to.scales + at, to.sums + at);
    }
}

// Restores what a kernel changes on its thread, also when memory runs out.
class KernelScope {
  public:
    explicit KernelScope(const Kernel& kernel) : kernel_(kernel) {
        if (kernel_.begin != nullptr) kernel_.begin(found_);
    }
    ~KernelScope() {
        if (kernel_.end != nullptr) kernel_.end(found_);
    }
    KernelScope(const KernelScope&) = delete;
    KernelScope& operator=(const KernelScope&) = delete;

  private:
    const Kernel& kernel_;
    SavedTiles found_;
};

// One thread's part of dst [n, m], packed or not: shares of its columns.
void run_matmul(const Matmul& matmul, const ggml_tensor* x, ggml_tensor* dst, int n_threads) {
    static thread_local Scratch scratch;
    const int64_t m = rows_of(dst);
    const Panels weights[] = {Panels(matmul.first, m),
                              Panels(matmul.second ? matmul.second : matmul.first, m)};
    const int64_t n_weights = matmul.second ? 2 : 1;
    const Kernel& kernel = *weights[0].kernel;
    const KernelScope scope(kernel);
    const PackedRows rows(kernel.activations, x->data, matmul.first->ne[0], m);
    const Tiling tiling(rows.m, kernel.tile_rows);
    const int64_t block_tiles = MAX_BLOCK_ROWS / kernel.tile_rows;
    const bool one_tile = tiling.tiles == 1;
    // All of k at once where a weight is streamed once, else slice by slice.
    const int64_t slice = one_tile && kernel.widen == nullptr ? rows.blocks : rows.slice;
    const int64_t n_slices = (rows.blocks + slice - 1) / slice;
    // A stream from memory takes about a microsecond to start, so it should not be short.
    const int64_t most_shares = n_threads == 1 ? 1 : int64_t{n_threads} * 8;
    const auto n_bytes = static_cast<int64_t>(ggml_nbytes(matmul.first)) * n_weights;
    const int64_t n_shares =
        one_tile ? std::clamp<int64_t>(n_bytes / STREAM_BYTES, n_threads, most_shares)
                 : most_shares;
    SharedWork shares(dst, n_threads, (weights[0].n_panels + 1) / 2, n_shares);
    for (int64_t begin, end; shares.take(begin, end);) {
        for (int64_t tile = 0; tile < tiling.tiles; tile += block_tiles) {
            const int64_t tile_end = std::min(tile + block_tiles, tiling.tiles);
            const int64_t size = (tiling.begin(tile_end) - tiling.begin(tile)) * PAIR;
            const int64_t room = GROUP_BYTES / (n_weights * size * sizeof(float));
            const int64_t group =
                std::clamp<int64_t>(room, 1, one_tile ? MAX_STREAM_PAIRS : MAX_GROUP_PAIRS);
            float* acc = scratch.get(group * n_weights * size);
            for (int64_t pair = begin; pair < end; pair += group) {
                // Slices of k, in each the weights, in each the pairs.
                const int64_t n_pairs = std::min(group, end - pair);
                const int64_t per_slice = n_pairs * n_weights, n_pieces = n_slices * per_slice;
                const auto piece = [&](int64_t i) {
                    const int64_t block = i / per_slice * slice, in_slice = i % per_slice;
                    return Piece{&weights[in_slice / n_pairs], (pair + in_slice % n_pairs) * 2,
                                 block, std::min(slice, rows.blocks - block)};
                };
                for (int64_t i = 0; i < n_pieces; ++i) {
                    const Piece next = piece(std::min(i + 1, n_pieces - 1));
                    multiply_piece(piece(i), one_tile ? nullptr : &next, rows, tiling, tile,
                                   tile_end, acc + i % per_slice * size);
                }
                const float* factors = matmul.second ? acc + n_pairs * size : nullptr;
                for (int64_t i = 0; i < n_pairs; ++i)
                    store(matmul, kernel, acc + i * size, factors ? factors + i * size : nullptr,
                          (pair + i) * PAIR, dst, tiling, tile, tile_end);
            }
        }
    }
}

const float* row_of(const ggml_tensor* x, int64_t row) {
    return reinterpret_cast<const float*>(static_cast<const char*>(x->data) + row * x->nb[1]);
}

// Calls pack(row, rows) for each tile of thread `ith`.
template <typename PackTile>
void pack_tiles(const ggml_tensor* x, const Kernel& kernel, int ith, int nth, PackTile&& pack) {
    const Tiling tiling(x->ne[1], kernel.tile_rows);
    for (int64_t i = tiling.tiles * ith / nth; i < tiling.tiles * (ith + 1) / nth; ++i)
        pack(tiling.begin(i), static_cast<int>(tiling.begin(i + 1) - tiling.begin(i)));
}

void pack_tile(const Kernel& kernel, const PackedRows& to, int64_t row, const float* x,
               int64_t stride, int n) {
    for (int64_t block = 0; block < to.blocks; block += to.slice) {
        const int64_t at = to.at(block, row, n);
        kernel.pack(x + block * K_BLOCK, stride, n, to.slice_length(block) * K_BLOCK,
                    to.elements_at(at), to.scales + at, to.sums + at);
    }
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

void normalise_and_pack(ggml_tensor* dst, int ith, int nth, void* data) {
    static thread_local Scratch scratch;
    const auto& kernel = *static_cast<const Kernel*>(data);
    const ggml_tensor *x = dst->src[0], *weight = dst->src[1], *bias = dst->src[2];
    const int64_t k = x->ne[0];
    float eps;
    std::memcpy(&eps, dst->op_params + OURS_AT, sizeof(eps));
    const PackedRows to(kernel.activations, dst->data, k, x->ne[1]);
    float* rows = scratch.get(kernel.tile_rows * k);
    pack_tiles(x, kernel, ith, nth, [&](int64_t row, int n) {
        for (int i = 0; i < n; ++i)
            kernel.normalise(row_of(x, row + i), k, row_of(weight, 0),
                             bias == nullptr ? nullptr : row_of(bias, 0), eps, rows + i * k);
        pack_tile(kernel, to, row, rows, k, n);
    });
}

void normalise_and_pack_node(ggml_tensor* dst, int ith, int nth, void* data) {
    run_node([&] { normalise_and_pack(dst, ith, nth, data); });
}

void matmul_node(ggml_tensor* dst, int, int nth, void* gelu) {
    const ggml_tensor* bias = dst->src[2];
    const Matmul matmul{.first = dst->src[1],
                        .bias = bias == nullptr ? nullptr : static_cast<const float*>(bias->data),
                        .gelu = gelu != nullptr};
    run_node([&] { run_matmul(matmul, dst->src[0], dst, nth); });
}

void gated_matmul_node(ggml_tensor* dst, int, int nth, void*) {
    const Matmul matmul{.first = dst->src[1], .second = dst->src[2], .gelu = true};
    run_node([&] { run_matmul(matmul, dst->src[0], dst, nth); });
}

ggml_tensor* matmul_op(ggml_context* ctx, ggml_tensor** args, int n_args, int64_t m,
                       ggml_custom_op_t run, void* data, Result result) {
    const int64_t n = args[1]->ne[1];
    const auto bytes = PackedRows::bytes(kernel_of(args[1], m)->activations, n, m);
    ggml_tensor* y = result == Result::Packed
                         ? ggml_custom_4d(ctx, GGML_TYPE_I8, bytes, 1, 1, 1, args, n_args, run,
                                          GGML_N_TASKS_MAX, data)
                         : ggml_custom_4d(ctx, GGML_TYPE_F32, n, m, 1, 1, args, n_args, run,
                                          GGML_N_TASKS_MAX, data);
    rows_of(y) = static_cast<int32_t>(m);
    return y;
}

}  // namespace

bool can_read(const Kernel* kernel, const Kernel* packed_by) {
    return kernel != nullptr && packed_by != nullptr && kernel->pack == packed_by->pack;
}

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

const Kernel* kernel_of(const ggml_tensor* weight, int64_t m) {
    const Kernel* kernel = kernel_of(weight);
    return kernel != nullptr && kernel->for_many != nullptr && m >= MANY_ROWS ? kernel->for_many
                                                                              : kernel;
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
    std::memcpy(y->op_params + OURS_AT, &eps, sizeof(eps));
    return y;
}

ggml_tensor* packed_matmul(ggml_context* ctx, ggml_tensor* weight, ggml_tensor* bias,
                           ggml_tensor* x, int64_t m, Activation activation, Result result) {
    static char yes;
    ggml_tensor* args[] = {x, weight, bias};
    return matmul_op(ctx, args, bias ? 3 : 2, m, matmul_node,
                     activation == Activation::Gelu ? &yes : nullptr, result);
}

ggml_tensor* packed_gated_matmul(ggml_context* ctx, ggml_tensor* gate, ggml_tensor* up,
                                 ggml_tensor* x, int64_t m, Result result) {
    ggml_tensor* args[] = {x, gate, up};
    return matmul_op(ctx, args, 3, m, gated_matmul_node, nullptr, result);
}

}  // namespace paligemma
