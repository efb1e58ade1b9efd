// The resampler and the normalisation of resize.h.
#include "image/resize.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <string>

#if defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

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

// Resamples rows [width, 3] -> [n_out, 3]. Integers wrap modulo 2^32 and the totals fit, so the order
// of additions does not matter. run() may read OVERREAD bytes beyond the row.
#if defined(__SSE2__)

// SSE2 multiplies 16-bit pairs only: a weight is high * 2^LOW_BITS + low, summed apart. Four taps
// make a block; what is missing in a window's last block has weight 0.
class Columns {
  public:
    static constexpr size_t OVERREAD = 16;

    explicit Columns(const Axis& axis) {
        for (const Window& w : axis.windows()) {
            const int64_t n_taps = w.end - w.begin;
            for (int64_t i = 0; i < n_taps; i += 4) {
                std::array<int16_t, 8> block{};
                for (int64_t j = i; j < std::min(i + 4, n_taps); j++) {
                    const auto k = static_cast<size_t>(j - i);
                    block[k] = static_cast<int16_t>(w.weights[j] >> LOW_BITS);
                    block[k + 4] = static_cast<int16_t>(w.weights[j] & ((1 << LOW_BITS) - 1));
                }
                blocks_.push_back(block);
            }
            spans_.push_back({w.begin, (n_taps + 3) / 4});
        }
    }

    void run(const uint8_t* row, uint8_t* out) const {
        const std::array<int16_t, 8>* block = blocks_.data();
        for (const Span& span : spans_) {
            const uint8_t* p = row + 3 * span.begin;
            __m128i high = _mm_setzero_si128();
            __m128i low = _mm_set1_epi32(HALF);
            for (int64_t i = 0; i < span.n_blocks; i++, p += 12, block++) {
                const __m128i pixels = load(p);
                const __m128i weights = load(block->data());
                const __m128i first = pairs(pixels);
                const __m128i second = pairs(_mm_srli_si128(pixels, 6));
                high = _mm_add_epi32(high, _mm_madd_epi16(first, _mm_shuffle_epi32(weights, 0x00)));
                high =
                    _mm_add_epi32(high, _mm_madd_epi16(second, _mm_shuffle_epi32(weights, 0x55)));
                low = _mm_add_epi32(low, _mm_madd_epi16(first, _mm_shuffle_epi32(weights, 0xAA)));
                low = _mm_add_epi32(low, _mm_madd_epi16(second, _mm_shuffle_epi32(weights, 0xFF)));
            }
            __m128i sum = _mm_add_epi32(_mm_slli_epi32(high, LOW_BITS), low);
            sum = _mm_srai_epi32(sum, PRECISION_BITS);
            sum = _mm_packs_epi32(sum, sum);
            const int rgb = _mm_cvtsi128_si32(_mm_packus_epi16(sum, sum));
            for (int c = 0; c < 3; c++) *out++ = static_cast<uint8_t>(rgb >> (8 * c));
        }
    }

  private:
    static constexpr int LOW_BITS = 11;
    struct Span {
        int64_t begin, n_blocks;
    };

    static __m128i load(const void* p) { return _mm_loadu_si128(static_cast<const __m128i*>(p)); }
    // r0 g0 b0 r1 g1 b1 … -> r0 r1 g0 g1 b0 b1, 16 bits each.
    static __m128i pairs(__m128i pixels) {
        return _mm_unpacklo_epi8(_mm_unpacklo_epi8(pixels, _mm_srli_si128(pixels, 3)),
                                 _mm_setzero_si128());
    }

    std::vector<std::array<int16_t, 8>> blocks_;
    std::vector<Span> spans_;
};

#else

class Columns {
  public:
    static constexpr size_t OVERREAD = 4;

    explicit Columns(const Axis& axis) : axis_(axis) {}

    void run(const uint8_t* row, uint8_t* out) const {
        for (const Window& w : axis_.windows()) {
            const uint8_t* p = row + 3 * w.begin;
            const uint8_t* end = row + 3 * w.end;
            const int32_t* weight = w.weights;
#if defined(__ARM_NEON)
            int32x4_t sum = vdupq_n_s32(HALF);
            for (; p != end; p += 3, weight++) {
                uint32_t rgbx;
                std::memcpy(&rgbx, p, sizeof rgbx);
                const uint16x4_t wide = vget_low_u16(vmovl_u8(vcreate_u8(rgbx)));
                sum = vmlaq_n_s32(sum, vreinterpretq_s32_u32(vmovl_u16(wide)), *weight);
            }
            std::array<int32_t, 4> rgb;
            vst1q_s32(rgb.data(), sum);
#else
            std::array<int32_t, 3> rgb{HALF, HALF, HALF};
            for (; p != end; p += 3, weight++)
                for (size_t c = 0; c < 3; c++) rgb[c] += *weight * p[c];
#endif
            for (size_t c = 0; c < 3; c++) *out++ = to_byte(rgb[c]);
        }
    }

  private:
    const Axis& axis_;
};

#endif

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
    const Axis across(width, size);
    const Axis rows(height, size);
    const Columns columns(across);
    std::vector<uint8_t> buffer(width == size ? 0 : n_row);
    std::vector<uint8_t> padded;
    const auto resampled = [&](int64_t y) -> const uint8_t* {
        const std::span<const uint8_t> rest = rgb.subspan(static_cast<size_t>(y * width * 3));
        if (width == size) return rest.data();
        const auto n_bytes = static_cast<size_t>(width * 3);
        const bool is_padded = rest.size() >= n_bytes + Columns::OVERREAD;
        if (!is_padded) {
            padded.assign(n_bytes + Columns::OVERREAD, 0);
            std::copy_n(rest.data(), n_bytes, padded.data());
        }
        columns.run(is_padded ? rest.data() : padded.data(), buffer.data());
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
