// resize_bicubic against Pillow (test/fixtures/images), and normalize against its formula.
#include "image/resize.h"

#include <cmath>
#include <sstream>
#include <string>

#include "support/fixture.h"
#include "support/random.h"
#include "support/test.h"

using namespace paligemma;
using namespace paligemma::test;

namespace {

// The same bytes as picture() in test/fixtures/images/make.py.
std::vector<uint8_t> picture(const std::string& kind, int64_t width, int64_t height) {
    std::vector<uint8_t> rgb(static_cast<size_t>(width * height * 3));
    Random random(0);
    for (size_t i = 0; i < rgb.size(); i++) {
        const uint64_t z = random.next();
        if (kind == "noise") rgb[i] = static_cast<uint8_t>(z);
        if (kind == "extreme") rgb[i] = (z & 1) ? 255 : 0;
        if (kind == "ramp")
            rgb[i] = static_cast<uint8_t>(i / 3 * 255 / static_cast<size_t>(width * height));
    }
    return rgb;
}

uint64_t fnv1a(const std::vector<uint8_t>& data) {
    uint64_t h = 0xCBF29CE484222325;
    for (uint8_t b : data) h = (h ^ b) * 0x100000001B3;
    return h;
}

}  // namespace

TEST("the resized bytes are Pillow's") {
    std::istringstream lines(read_fixture("images/resize-cases.txt"));
    int n_cases = 0;
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with('#')) continue;
        std::istringstream fields(line);
        std::string kind, hash;
        int64_t width = 0, height = 0, size = 0;
        fields >> kind >> width >> height >> size >> hash;
        std::vector<uint8_t> rgb;
        if (kind == "lossy.webp.rgb") {
            const std::string file = read_fixture("images/" + kind);
            rgb.assign(file.begin(), file.end());
        } else {
            rgb = picture(kind, width, height);
        }
        const uint64_t found = fnv1a(resize_bicubic(rgb, width, height, size));
        if (found != std::stoull(hash, nullptr, 16)) CHECK_EQ(line, "the hash of our result");
        n_cases++;
    }
    CHECK_EQ(n_cases, 199);
}

TEST("a picture of the right size is left alone") {
    const auto rgb = picture("noise", 56, 56);
    CHECK(resize_bicubic(rgb, 56, 56, 56) == rgb);
}

TEST("a picture of one colour keeps it, whatever its shape") {
    for (int value : {0, 1, 127, 128, 254, 255})
        for (auto [width, height] :
             {std::pair{1, 1}, {1, 500}, {500, 1}, {33, 7}, {7, 333}, {224, 31}, {1000, 224}}) {
            const std::vector<uint8_t> rgb(static_cast<size_t>(width * height * 3),
                                           static_cast<uint8_t>(value));
            CHECK(resize_bicubic(rgb, width, height, 224) ==
                  std::vector<uint8_t>(224 * 224 * 3, static_cast<uint8_t>(value)));
        }
}

TEST("a mirrored picture has the mirrored result") {
    // Not true of rounding in general, but of Pillow's: the weights of a mirrored window are the
    // same.
    const int64_t width = 90, height = 61, size = 40;
    const auto rgb = picture("noise", width, height);
    std::vector<uint8_t> mirrored(rgb.size());
    for (int64_t y = 0; y < height; y++)
        for (int64_t x = 0; x < width; x++)
            for (int64_t c = 0; c < 3; c++)
                mirrored[static_cast<size_t>((y * width + x) * 3 + c)] =
                    rgb[static_cast<size_t>((y * width + width - 1 - x) * 3 + c)];
    const auto a = resize_bicubic(rgb, width, height, size),
               b = resize_bicubic(mirrored, width, height, size);
    int n_different = 0;
    for (int64_t y = 0; y < size; y++)
        for (int64_t x = 0; x < size; x++)
            for (int64_t c = 0; c < 3; c++)
                n_different += a[static_cast<size_t>((y * size + x) * 3 + c)] !=
                               b[static_cast<size_t>((y * size + size - 1 - x) * 3 + c)];
    CHECK_EQ(n_different, 0);
}

TEST("wrong sizes are refused") {
    const std::vector<uint8_t> rgb(12);
    CHECK_EQ(resize_bicubic(rgb, 2, 2, 1).size(), 3u);
    CHECK_THROWS(ErrorCode::ImageCorrupt, resize_bicubic(rgb, 2, 3, 1));
    CHECK_THROWS(ErrorCode::ImageCorrupt, resize_bicubic(std::span(rgb).first(11), 2, 2, 1));
    CHECK_THROWS(ErrorCode::ImageCorrupt, resize_bicubic({}, 2, 2, 1));
    CHECK_THROWS(ErrorCode::ImageTooLarge, resize_bicubic({}, 0, 2, 1));
    CHECK_THROWS(ErrorCode::ImageTooLarge, resize_bicubic({}, 2, -1, 1));
    CHECK_THROWS(ErrorCode::ImageTooLarge, resize_bicubic(rgb, (1 << 24) + 1, 1, 1));
    CHECK_THROWS(ErrorCode::ImageTooLarge, resize_bicubic(rgb, INT64_MAX, INT64_MAX, 1));
    CHECK_THROWS(ErrorCode::ImageTooLarge, resize_bicubic(rgb, 2, 2, 0));
    CHECK_THROWS(ErrorCode::ImageTooLarge, resize_bicubic(rgb, 2, 2, 8193));
}

TEST("normalize returns planes of floats from -1 to 1") {
    std::vector<uint8_t> rgb(16 * 16 * 3);
    for (size_t i = 0; i < rgb.size(); i++) rgb[i] = static_cast<uint8_t>(i * 7);
    std::vector<float> planar(rgb.size(), 9.0f);
    normalize(rgb, 16, planar.data());
    int n_wrong = 0;
    for (size_t i = 0; i < 256; i++)
        for (size_t c = 0; c < 3; c++)  // the expression of the reference, in f32
            n_wrong +=
                planar[c * 256 + i] != static_cast<float>(rgb[3 * i + c]) / 255.0f * 2.0f - 1.0f;
    CHECK_EQ(n_wrong, 0);
    const std::vector<uint8_t> ends = {0, 255, 51};
    normalize(ends, 1, planar.data());
    CHECK_EQ(planar[0], -1.0f);
    CHECK_EQ(planar[1], 1.0f);
    CHECK(std::fabs(planar[2] + 0.6f) < 1e-6f);
    CHECK_THROWS(ErrorCode::ImageCorrupt, (normalize(ends, 2, planar.data()), 0));
    CHECK_THROWS(ErrorCode::ImageCorrupt, (normalize(ends, -1, planar.data()), 0));
}
