// Antialiased bicubic resize, byte for byte that of PIL (spec section 2.2), and the step from bytes
// to the pixel tensor of the vision tower. Decoding is sharp's job, in src/image-input.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace paligemma {

// `rgb`: interleaved, width * height * 3 bytes. Returns size * size * 3 bytes, interleaved. The
// picture is squashed to the square: no crop, no padding. Throws ImageCorrupt when the length does
// not fit, ImageTooLarge when a side is 0 or above 2^24 or `size` above 8192. Memory: five times
// the result, and 32 bytes per pixel of width and 16 of height when shrinking, whatever the area.
// Any thread. Source: Pillow's Resample.c (8 bits per channel).
std::vector<uint8_t> resize_bicubic(std::span<const uint8_t> rgb, int64_t width, int64_t height,
                                    int64_t size);

// `rgb`: size * size * 3 interleaved bytes -> planar [3, size, size], value / 255 * 2 - 1.
void normalize(std::span<const uint8_t> rgb, int64_t size, float* planar);

}  // namespace paligemma
