// The resampler and the normalisation of resize.h.
#include "image/resize.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "base/error.h"

namespace paligemma {

namespace {

constexpr int64_t MAX_SIDE = int64_t{1} << 24;  // Pillow's box is made of floats, exact up to here
constexpr int64_t MAX_SIZE = 8192;              // of the result: 192 MB
// Resample.c: room for 8 bits per channel and for weights that add up to a little above 1.
constexpr int PRECISION_BITS = 32 - 8 - 2;
constexpr int32_t HALF = 1 << (PRECISION_BITS - 1);
constexpr double BICUBIC_SUPPORT = 2.0;

double bicubic(double x) {  // Resample.c bicubic_filter, a = -0.5
    constexpr double A = -0.5;
    x = std::fabs(x);
    if (x < 1.0) return ((A + 2.0) * x - (A + 3.0)) * x * x + 1;
    if (x < 2.0) return (((x - 5) * x + 8) * x - 4) * A;
    return 0.0;
}

// Which inputs make an output, and with which weights at scale 2^PRECISION_BITS.
struct Window {
    int64_t begin, end;
    const int32_t* weights;
};

// Resample.c precompute_coeffs and normalize_coeffs_8bpc, weights packed without gaps.
class Axis {
  public:
    Axis(int64_t n_in, int64_t n_out) : windows_(static_cast<size_t>(n_out)) {
        const double scale = static_cast<double>(n_in) / static_cast<double>(n_out);
        const double filter_scale = std::max(scale, 1.0);
        const double support = BICUBIC_SUPPORT * filter_scale;
        const double step = 1.0 / filter_scale;
        std::vector<double> exact;
        std::vector<size_t> starts;
        for (int64_t i = 0; i < n_out; i++) {
            const double centre = (static_cast<double>(i) + 0.5) * scale;
            const int64_t begin =
                std::max<int64_t>(0, static_cast<int64_t>(centre - support + 0.5));
            const int64_t end = std::min(n_in, static_cast<int64_t>(centre + support + 0.5));
            exact.clear();
            double sum = 0.0;
            for (int64_t j = begin; j < end; j++) {
                exact.push_back(bicubic((static_cast<double>(j) - centre + 0.5) * step));
                sum += exact.back();
            }
            starts.push_back(weights_.size());
            for (double w : exact) {
                if (sum != 0.0) w /= sum;
                w *= 1 << PRECISION_BITS;
                weights_.push_back(static_cast<int32_t>(w < 0 ? w - 0.5 : w + 0.5));
            }
            windows_[static_cast<size_t>(i)] = {begin, end, nullptr};
        }
        for (size_t i = 0; i < windows_.size(); i++)
            windows_[i].weights = weights_.data() + starts[i];
    }
    Axis(const Axis&) = delete;  // windows_ point into weights_
    Axis& operator=(const Axis&) = delete;

    const std::vector<Window>& windows() const { return windows_; }

  private:
    std::vector<int32_t> weights_;
    std::vector<Window> windows_;
};

// Shifting a negative value is arithmetic since C++20, as Pillow relies on.
uint8_t to_byte(int32_t sum) {
    return static_cast<uint8_t>(std::clamp(sum >> PRECISION_BITS, 0, 255));
}

// One row [width, 3] -> [n_out, 3]
void resample_row(const uint8_t* row, const Axis& axis, uint8_t* out) {
    for (const Window& w : axis.windows()) {
        int32_t r = HALF, g = HALF, b = HALF;
        const uint8_t* p = row + 3 * w.begin;
        const int32_t* weight = w.weights;
        for (const uint8_t* end = row + 3 * w.end; p != end; p += 3, weight++) {
            r += *weight * p[0];
            g += *weight * p[1];
            b += *weight * p[2];
        }
        out[0] = to_byte(r);
        out[1] = to_byte(g);
        out[2] = to_byte(b);
        out += 3;
    }
}

}  // namespace

// Pillow resizes all rows into an intermediate picture, then all columns. We add each finished row
// to the outputs that need it at once: integer addition does not depend on the order, and a tall
// picture needs no tall intermediate.
std::vector<uint8_t> resize_bicubic(std::span<const uint8_t> rgb, int64_t width, int64_t height,
                                    int64_t size) {
    const std::string dims = std::to_string(width) + " x " + std::to_string(height);
    if (width < 1 || height < 1 || width > MAX_SIDE || height > MAX_SIDE)
        throw mismatch(ErrorCode::ImageTooLarge, "image", dims,
                       "sides of 1 to " + std::to_string(MAX_SIDE));
    if (size < 1 || size > MAX_SIZE)
        throw mismatch(ErrorCode::ImageTooLarge, "size", std::to_string(size),
                       "1 to " + std::to_string(MAX_SIZE));
    // Sides below 2^24 keep the area in bytes below 2^50.
    if (rgb.size() != static_cast<uint64_t>(width * height * 3))
        throw mismatch(ErrorCode::ImageCorrupt, "image", std::to_string(rgb.size()) + " bytes",
                       std::to_string(width * height * 3) + " bytes for " + dims + " RGB");

    const auto n_row = static_cast<size_t>(size * 3);
    std::vector<uint8_t> out(static_cast<size_t>(size) * n_row);
    // An axis whose size does not change is left alone, as in ImagingResampleInner.
    const Axis columns(width, size);
    const Axis rows(height, size);
    std::vector<uint8_t> buffer(width == size ? 0 : n_row);
    const auto resampled = [&](int64_t y) -> const uint8_t* {
        const uint8_t* row = rgb.data() + y * width * 3;
        if (width == size) return row;
        resample_row(row, columns, buffer.data());
        return buffer.data();
    };

    if (height == size) {
        for (int64_t y = 0; y < height; y++) {
            const uint8_t* row = resampled(y);
            std::copy(row, row + n_row, out.data() + static_cast<size_t>(y) * n_row);
        }
        return out;
    }

    // Both ends of the windows grow with the output row, so the rows under way are out[first,
    // next).
    std::vector<int32_t> sums(out.size());
    size_t first = 0, next = 0;
    for (int64_t y = 0; y < height; y++) {
        const uint8_t* row = resampled(y);
        while (next < rows.windows().size() && rows.windows()[next].begin <= y) {
            std::fill_n(sums.data() + next * n_row, n_row, HALF);
            next++;
        }
        for (size_t i = first; i < next; i++) {
            const Window& w = rows.windows()[i];
            const int32_t weight = w.weights[y - w.begin];
            int32_t* sum = sums.data() + i * n_row;
            for (size_t x = 0; x < n_row; x++) sum[x] += weight * row[x];
        }
        for (; first < next && rows.windows()[first].end == y + 1; first++) {
            const int32_t* sum = sums.data() + first * n_row;
            for (size_t x = 0; x < n_row; x++) out[first * n_row + x] = to_byte(sum[x]);
        }
    }
    return out;
}

void normalize(std::span<const uint8_t> rgb, int64_t size, float* planar) {
    const int64_t n_pixels = size * size;
    if (size < 0 || rgb.size() != static_cast<uint64_t>(n_pixels * 3))
        throw mismatch(ErrorCode::ImageCorrupt, "image", std::to_string(rgb.size()) + " bytes",
                       std::to_string(n_pixels * 3) + " bytes");
    std::array<float, 256> table;
    for (int i = 0; i < 256; i++)
        table[static_cast<size_t>(i)] = static_cast<float>(i) / 255.0f * 2.0f - 1.0f;
    for (int64_t i = 0; i < n_pixels; i++)
        for (int64_t c = 0; c < 3; c++)
            planar[c * n_pixels + i] = table[rgb[static_cast<size_t>(3 * i + c)]];
}

}  // namespace paligemma
