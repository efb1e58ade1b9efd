// Activations are [channels, width, height, masks], channels fastest: then a pixel is contiguous, a
// convolution is "unfold, then a matmul" and a transposed convolution "a matmul, then fold".
// Measured on one x86 core with AVX-512: a mask is decoded in 2.5 ms; the four transposed
// convolutions alone take 7 ms with ggml_conv_transpose_2d_p0.
#include "models/mask_codec.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/error.h"
#include "models/layers.h"

namespace paligemma {

namespace {

constexpr int64_t CODE_SIDE = 4;

struct Window {
    int64_t size, stride;  // padding is 1 in all layers
};
constexpr Window SAME_3{3, 1}, HALVE_4{4, 2};

void* userdata(const Window& window) {
    return const_cast<Window*>(&window);  // ggml only hands it back
}

struct Range {
    int64_t begin, end;
};
Range share(int64_t n, int ith, int nth) {
    return {n * ith / nth, n * (ith + 1) / nth};
}

// dst [n_in * size * size, w', h', n] of x [n_in, w, h, n]: for each place of the window its
// pixels, row by row, zeros outside. One row of places at a time.
void unfold_rows(ggml_tensor* dst, int ith, int nth, void* data) {
    const auto [size, stride] = *static_cast<const Window*>(data);
    const ggml_tensor* x = dst->src[0];
    const int64_t n_in = x->ne[0], w = x->ne[1], h = x->ne[2], w_out = dst->ne[1];
    const auto* in = static_cast<const float*>(x->data);
    const Range rows = share(dst->ne[2] * dst->ne[3], ith, nth);
    auto* out = static_cast<float*>(dst->data) + rows.begin * w_out * dst->ne[0];
    for (int64_t row = rows.begin; row < rows.end; ++row) {
        const int64_t mask = row / dst->ne[2], top = row % dst->ne[2] * stride - 1;
        for (int64_t column = 0; column < w_out; ++column) {
            const int64_t left = column * stride - 1;
            const int64_t begin = std::max<int64_t>(0, -left);
            const int64_t end = std::min(size, w - left);
            for (int64_t y = top; y < top + size; ++y, out += size * n_in) {
                if (y < 0 || y >= h) {
                    std::fill_n(out, size * n_in, 0.f);
                    continue;
                }
                std::fill_n(out, begin * n_in, 0.f);
                std::memcpy(out + begin * n_in, in + ((mask * h + y) * w + left + begin) * n_in,
                            (end - begin) * n_in * sizeof(float));
                std::fill_n(out + end * n_in, (size - end) * n_in, 0.f);
            }
        }
    }
}

// dst [n_out, 2 w, 2 h, n] of x [n_out * 4 * 4, w, h, n]: the 4 x 4 pixels that each pixel of x
// spreads to, with stride 2 and one pixel cut off at each side, added up. One row of dst at a time.
void fold_rows(ggml_tensor* dst, int ith, int nth, void*) {
    constexpr int64_t SIZE = 4;
    const ggml_tensor* x = dst->src[0];
    const int64_t n_out = dst->ne[0], w_out = dst->ne[1], h_out = dst->ne[2];
    const int64_t w = x->ne[1], h = x->ne[2];
    const auto* in = static_cast<const float*>(x->data);
    const Range rows = share(h_out * dst->ne[3], ith, nth);
    auto* out = static_cast<float*>(dst->data) + rows.begin * w_out * n_out;
    for (int64_t row = rows.begin; row < rows.end; ++row) {
        const int64_t mask = row / h_out, y_out = row % h_out;
        for (int64_t x_out = 0; x_out < w_out; ++x_out, out += n_out) {
            std::fill_n(out, n_out, 0.f);
            // Pixel y of x spreads to 2 y - 1 + ky.
            for (int64_t ky = (y_out + 1) % 2; ky < SIZE; ky += 2) {
                const int64_t y_in = (y_out + 1 - ky) / 2;
                if (y_out + 1 < ky || y_in >= h) continue;
                for (int64_t kx = (x_out + 1) % 2; kx < SIZE; kx += 2) {
                    const int64_t x_in = (x_out + 1 - kx) / 2;
                    if (x_out + 1 < kx || x_in >= w) continue;
                    const float* part =
                        in +
                        (((mask * h + y_in) * w + x_in) * SIZE * SIZE + ky * SIZE + kx) * n_out;
                    for (int64_t c = 0; c < n_out; ++c) out[c] += part[c];
                }
            }
        }
    }
}

// x [n_in, w, h, n] -> [n_in * size * size, w / stride, h / stride, n]
ggml_tensor* unfold(Graph& g, ggml_tensor* x, const Window& window) {
    return ggml_custom_4d(g.ctx(), GGML_TYPE_F32, x->ne[0] * window.size * window.size,
                          x->ne[1] / window.stride, x->ne[2] / window.stride, x->ne[3], &x, 1,
                          unfold_rows, GGML_N_TASKS_MAX, userdata(window));
}

// x [n_out * 4 * 4, w, h, n] -> [n_out, 2 w, 2 h, n]
ggml_tensor* fold(Graph& g, ggml_tensor* x) {
    return ggml_custom_4d(g.ctx(), GGML_TYPE_F32, x->ne[0] / 16, x->ne[1] * 2, x->ne[2] * 2,
                          x->ne[3], &x, 1, fold_rows, GGML_N_TASKS_MAX, nullptr);
}

// weight of n_in x n_out elements; x [n_in, w, h, n] -> [n_out, w, h, n], as one matmul
ggml_tensor* pixelwise(Graph& g, ggml_tensor* weight, ggml_tensor* bias, ggml_tensor* x) {
    ggml_context* c = g.ctx();
    const int64_t n_in = x->ne[0], n_out = ggml_nelements(weight) / n_in;
    ggml_tensor* y = layers::linear(g, ggml_reshape_2d(c, weight, n_in, n_out), bias,
                                    ggml_reshape_2d(c, x, n_in, ggml_nelements(x) / n_in));
    return ggml_reshape_4d(c, y, n_out, x->ne[1], x->ne[2], x->ne[3]);
}

ggml_tensor* convolve(Graph& g, const MaskCodec::Layer& layer, ggml_tensor* x,
                      const Window& window) {
    return pixelwise(g, layer.weight, layer.bias, unfold(g, x, window));
}

// Doubles width and height.
ggml_tensor* convolve_transposed(Graph& g, const MaskCodec::Layer& layer, ggml_tensor* x) {
    return ggml_add(g.ctx(), fold(g, pixelwise(g, layer.weight, nullptr, x)), layer.bias);
}

ggml_tensor* relu(Graph& g, ggml_tensor* x) {
    return ggml_relu_inplace(g.ctx(), x);
}

ggml_tensor* add_residual(Graph& g, const MaskCodec::Residual& r, ggml_tensor* x) {
    ggml_tensor* y = relu(g, convolve(g, r.first, x, SAME_3));
    y = relu(g, convolve(g, r.second, y, SAME_3));
    return ggml_add(g.ctx(), x, pixelwise(g, r.third.weight, r.third.bias, y));
}

// Swaps the two fastest dimensions n_first and n_second: [a, b, …] -> [b, a, …].
void swap_axes(ggml_tensor* t, int64_t n_first, int64_t n_second) {
    const int64_t n = ggml_nelements(t), block = n_first * n_second;
    auto* data = static_cast<float*>(t->data);
    std::vector<float> copy(data, data + n);
    for (int64_t at = 0; at < n; at += block)
        for (int64_t i = 0; i < n_first; ++i)
            for (int64_t j = 0; j < n_second; ++j)
                data[at + i * n_second + j] = copy[at + j * n_first + i];
}

void require(const std::vector<std::string>& missing, const char* network) {
    if (missing.empty()) return;
    const std::string rest =
        missing.size() > 1 ? " and " + std::to_string(missing.size() - 1) + " more tensors are"
                           : std::string(" is");
    throw Error(
        ErrorCode::TensorMissing,
        std::string("the model file has no ") + network + ": " + missing[0] + rest + " missing",
        {.name = missing[0],
         .found = "absent",
         .expected = std::string("the tensors of the ") + network,
         .remedy = Remedy::MaskCodec});
}

void check_length(size_t n, int64_t of_a_mask, const char* name) {
    if (n % of_a_mask != 0)
        throw mismatch(ErrorCode::OptionRange, std::string(name) + ".length", std::to_string(n),
                       "a multiple of " + std::to_string(of_a_mask));
    if (static_cast<int64_t>(n) > MaskCodec::MAX_MASKS * of_a_mask)
        throw mismatch(ErrorCode::OptionRange, std::string(name) + ".length", std::to_string(n),
                       "at most " + std::to_string(MaskCodec::MAX_MASKS * of_a_mask) + ", " +
                           std::to_string(MaskCodec::MAX_MASKS) + " masks");
}

Error not_finite(const char* network) {
    return Error(ErrorCode::EngineNumeric,
                 std::string("the ") + network + " produced values that are not finite",
                 {.name = network,
                  .found = {},
                  .expected = "finite values",
                  .hint = "the codec's weights are damaged; convert the checkpoint again"});
}

std::unordered_set<std::string> names_of(const std::vector<WeightRequest>& requests) {
    std::unordered_set<std::string> names;
    for (const auto& r : requests) names.insert(r.name);
    return names;
}

}  // namespace

MaskCodec::MaskCodec(Backend& cpu, const std::vector<WeightRequest>& requests,
                     const std::atomic<int>& cancel)
    : cpu_(cpu),
      names_(names_of(requests)),
      weights_(
          cpu, requests, true, [](uint64_t, uint64_t) {}, cancel),
      memory_(cpu) {
    codebook_ = find("mask.codebook", missing_decoder_);
    auto& d = missing_decoder_;
    decoder_in_ = convolution("mask.dec.0", d);
    for (const char* name : {"mask.dec.2", "mask.dec.3"})
        decoder_residuals_.push_back(residual(name, d));
    for (const char* name : {"mask.dec.4", "mask.dec.6", "mask.dec.8", "mask.dec.10"})
        decoder_up_.push_back(transposed(name, d));
    decoder_out_ = convolution("mask.dec.12", d);

    auto& e = missing_encoder_;
    if (codebook_ == nullptr) e.push_back("mask.codebook");
    for (const char* name : {"mask.enc.0", "mask.enc.2", "mask.enc.4", "mask.enc.6"})
        encoder_down_.push_back(convolution(name, e));
    for (const char* name : {"mask.enc.8", "mask.enc.9"})
        encoder_residuals_.push_back(residual(name, e));
    encoder_out_ = convolution("mask.enc.10", e);

    if (codebook_ == nullptr) return;
    const auto* row = static_cast<const float*>(codebook_->data);
    for (int64_t i = 0; i < CODEBOOK_SIZE; ++i, row += codebook_->ne[0]) {
        double norm = 0;
        for (int64_t j = 0; j < codebook_->ne[0]; ++j) norm += static_cast<double>(row[j]) * row[j];
        codebook_norms_.push_back(norm);
    }
}

ggml_tensor* MaskCodec::find(const std::string& name, std::vector<std::string>& missing) const {
    if (names_.contains(name)) return weights_.get(name);
    missing.push_back(name);
    return nullptr;
}

// Weights come as PyTorch has them and are brought into the order of unfold and fold.
// weight [size, size, n_in, n_out] -> [n_in, size * size, n_out]
MaskCodec::Layer MaskCodec::convolution(const std::string& name,
                                        std::vector<std::string>& missing) {
    const Layer layer{find(name + ".weight", missing), find(name + ".bias", missing)};
    if (const ggml_tensor* w = layer.weight) swap_axes(layer.weight, w->ne[0] * w->ne[1], w->ne[2]);
    return layer;
}

// weight [size, size, n_out, n_in] -> [n_in, n_out, size * size]
MaskCodec::Layer MaskCodec::transposed(const std::string& name, std::vector<std::string>& missing) {
    const Layer layer{find(name + ".weight", missing), find(name + ".bias", missing)};
    if (const ggml_tensor* w = layer.weight) {
        const int64_t n_window = w->ne[0] * w->ne[1], n_out = w->ne[2], n_in = w->ne[3];
        swap_axes(layer.weight, n_window, n_out);
        swap_axes(layer.weight, n_window * n_out, n_in);
    }
    return layer;
}

MaskCodec::Residual MaskCodec::residual(const std::string& name,
                                        std::vector<std::string>& missing) {
    return {convolution(name + ".net.0", missing), convolution(name + ".net.2", missing),
            convolution(name + ".net.4", missing)};
}

void MaskCodec::check(std::span<const int32_t> codes) const {
    require(missing_decoder_, "mask decoder");
    check_length(codes.size(), N_CODES, "codes");
    for (size_t i = 0; i < codes.size(); ++i)
        if (codes[i] < 0 || codes[i] >= CODEBOOK_SIZE)
            throw mismatch(ErrorCode::OptionRange, "codes[" + std::to_string(i) + "]",
                           std::to_string(codes[i]), "0 to " + std::to_string(CODEBOOK_SIZE - 1));
}

void MaskCodec::check(std::span<const float> masks) const {
    require(missing_encoder_, "mask encoder");
    check_length(masks.size(), N_PIXELS, "masks");
    for (size_t i = 0; i < masks.size(); ++i)
        if (!(masks[i] >= 0 && masks[i] <= 1))  // NaN too
            throw mismatch(ErrorCode::OptionRange, "masks[" + std::to_string(i) + "]",
                           std::to_string(masks[i]), "0 to 1");
}

void MaskCodec::run(Graph& g, ggml_tensor* input, const void* data,
                    const std::atomic<int>& cancel) {
    memory_.allocate(g);
    ggml_backend_tensor_set(input, data, 0, ggml_nbytes(input));
    // One thread: threads synchronise after each of about a hundred small nodes. Two were up to a
    // quarter faster on a quiet machine and up to three times slower on a busy one.
    constexpr double ONE_THREAD = 0;
    const std::atomic<int>* flag = &cancel;
    if (!cpu_.compute(g.cgraph(), ONE_THREAD, {&flag, 1}))
        throw Error(ErrorCode::Aborted, "the request was aborted", {});
}

std::vector<float> MaskCodec::decode(std::span<const int32_t> codes,
                                     const std::atomic<int>& cancel) {
    const int64_t n = static_cast<int64_t>(codes.size()) / N_CODES;
    Graph g(256);
    ggml_context* c = g.ctx();
    ggml_tensor* input = g.input(GGML_TYPE_I32, n * N_CODES);
    ggml_tensor* x = ggml_get_rows(c, codebook_, input);
    x = ggml_reshape_4d(c, x, x->ne[0], CODE_SIDE, CODE_SIDE, n);
    x = relu(g, pixelwise(g, decoder_in_.weight, decoder_in_.bias, x));
    for (const Residual& r : decoder_residuals_) x = add_residual(g, r, x);
    for (const Layer& layer : decoder_up_) x = relu(g, convolve_transposed(g, layer, x));
    x = g.output(pixelwise(g, decoder_out_.weight, decoder_out_.bias, x));  // [1, SIDE, SIDE, n]
    run(g, input, codes.data(), cancel);
    std::vector<float> masks(n * N_PIXELS);
    ggml_backend_tensor_get(x, masks.data(), 0, ggml_nbytes(x));
    for (float value : masks)
        if (!std::isfinite(value)) throw not_finite("mask decoder");
    return masks;
}

std::vector<int32_t> MaskCodec::encode(std::span<const float> masks,
                                       const std::atomic<int>& cancel) {
    const int64_t n = static_cast<int64_t>(masks.size()) / N_PIXELS;
    Graph g(256);
    ggml_context* c = g.ctx();
    ggml_tensor* input = g.input(GGML_TYPE_F32, N_PIXELS, n);
    ggml_tensor* x = ggml_scale_bias(c, input, 2.f, -1.f);  // 0 to 1 -> -1 to 1
    x = ggml_reshape_4d(c, x, 1, SIDE, SIDE, n);
    for (const Layer& layer : encoder_down_) x = relu(g, convolve(g, layer, x, HALVE_4));
    for (const Residual& r : encoder_residuals_) x = add_residual(g, r, x);
    x = pixelwise(g, encoder_out_.weight, encoder_out_.bias, x);
    x = g.output(pixelwise(g, codebook_, nullptr, x));  // [CODEBOOK_SIZE, 4, 4, n]
    run(g, input, masks.data(), cancel);
    std::vector<float> products(ggml_nelements(x));
    ggml_backend_tensor_get(x, products.data(), 0, ggml_nbytes(x));

    // |feature - row|^2, less |feature|^2, which all rows share. Of equal ones the first.
    std::vector<int32_t> codes;
    for (auto p = products.begin(); p != products.end(); p += CODEBOOK_SIZE) {
        double best = std::numeric_limits<double>::infinity();
        int32_t code = 0;
        for (int32_t i = 0; i < CODEBOOK_SIZE; ++i) {
            const double distance = codebook_norms_[i] - 2.0 * p[i];
            if (!std::isfinite(distance)) throw not_finite("mask encoder");
            if (distance < best) best = distance, code = i;
        }
        codes.push_back(code);
    }
    return codes;
}

}  // namespace paligemma
