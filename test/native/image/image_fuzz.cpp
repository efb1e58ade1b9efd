// resize_bicubic on random shapes of the most extreme pictures, under AddressSanitizer and UBSan:
// no read outside the picture, no accumulator above 32 bits.
#include "image/resize.h"
#include "support/random.h"
#include "support/test.h"

using namespace paligemma;
using namespace paligemma::test;

TEST("no shape reads outside the picture or overflows an accumulator") {
    Random random(4);
    for (int i = 0; i < 600; i++) {
        const auto side = [&] {
            return static_cast<int64_t>(1 + random.below(uint64_t{1} << (1 + random.below(9))));
        };
        const int64_t width = side(), height = side(),
                      size = 1 + static_cast<int64_t>(random.below(120));
        std::vector<uint8_t> rgb(
            static_cast<size_t>(width * height * 3));  // exactly: ASan sees one byte more
        const uint64_t period = 1 + random.below(9);
        for (size_t j = 0; j < rgb.size(); j++) rgb[j] = (j / 3 / period) % 2 ? 255 : 0;
        const auto out = resize_bicubic(rgb, width, height, size);
        CHECK_EQ(out.size(), static_cast<size_t>(size * size * 3));
    }
}

TEST("one row or column of a million pixels is resized like any other") {
    const int64_t longest = int64_t{1} << 20;
    const std::vector<uint8_t> rgb(static_cast<size_t>(longest) * 3, 77);
    const std::vector<uint8_t> expected(16 * 16 * 3, 77);
    CHECK(resize_bicubic(rgb, longest, 1, 16) == expected);
    CHECK(resize_bicubic(rgb, 1, longest, 16) == expected);
}
