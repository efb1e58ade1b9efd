// A checked cursor over the bytes of a GGUF file, and the texts of its errors. Only for
// gguf_file.cpp, which knows the grammar.
#pragma once
#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"

namespace paligemma {

// Wide enough for four sizes below 2^31 and a block size multiplied, so no arithmetic here can
// wrap.
__extension__ typedef unsigned __int128 uint128;

inline std::string to_text(uint128 n) {
    std::string digits;
    do {
        digits += static_cast<char>('0' + static_cast<int>(n % 10));
        n /= 10;
    } while (n != 0);
    std::reverse(digits.begin(), digits.end());
    return digits;
}

inline std::string bytes_text(uint128 n) {
    return to_text(n) + (n == 1 ? " byte" : " bytes");
}

inline bool printable(std::string_view name) {
    return std::all_of(name.begin(), name.end(), [](char c) { return c >= 0x20 && c <= 0x7E; });
}

// A name from the file for a message: short and printable whatever it holds.
inline std::string quote(std::string_view name) {
    constexpr char HEX[] = "0123456789ABCDEF";
    std::string out = "'";
    for (char c : name.substr(0, 80)) {
        if (printable({&c, 1})) {
            out += c;
        } else {
            out += "\\x";
            out += HEX[static_cast<uint8_t>(c) >> 4];
            out += HEX[static_cast<uint8_t>(c) & 15];
        }
    }
    return out + (name.size() > 80 ? "...'" : "'");
}

inline uint64_t load_uint(const uint8_t* p, size_t n_bytes) {  // little-endian on every host
    uint64_t value = 0;
    for (size_t i = 0; i < n_bytes; i++) value |= uint64_t{p[i]} << (8 * i);
    return value;
}

// The path is only part of the message: the facts are the same wherever the file is.
inline Error file_error(const std::string& path, ErrorCode code, std::string name,
                        std::string found, std::string expected, std::string hint = {},
                        Remedy remedy = Remedy::None) {
    std::string message = path.empty() ? std::string() : path + ": ";
    message += name + " is " + found + ", expected " + expected;
    return Error(code, std::move(message),
                 {.name = std::move(name),
                  .found = std::move(found),
                  .expected = std::move(expected),
                  .hint = std::move(hint),
                  .remedy = remedy});
}

// A cursor over the readable part of the file. Every read is checked twice: against the file, then
// against the cap.
class GgufReader {
  public:
    GgufReader(std::span<const uint8_t> head, uint64_t file_size, const std::string& path)
        : head_(head), file_size_(file_size), path_(path) {}

    uint64_t position() const { return position_; }
    uint64_t remaining() const { return file_size_ - position_; }
    const uint8_t* at(uint64_t offset) const { return head_.data() + offset; }

    Error error(ErrorCode code, std::string name, std::string found, std::string expected,
                std::string hint = {}, Remedy remedy = Remedy::None) const {
        return file_error(path_, code, std::move(name), std::move(found), std::move(expected),
                          std::move(hint), remedy);
    }

    Error truncated(std::string what, uint128 n_expected) const {
        return error(ErrorCode::ModelTruncated, "the file (cut in " + std::move(what) + ")",
                     bytes_text(file_size_), "at least " + bytes_text(n_expected),
                     "Download or convert the file again");
    }

    // Checks that `n` more bytes can be read; `what` names them in the message.
    void need(uint128 n, std::string_view what) const {
        if (n > remaining()) throw truncated(std::string(what), uint128{position_} + n);
        if (n > head_.size() - position_)
            throw error(ErrorCode::ModelLimit, "the metadata section",
                        "at least " + bytes_text(uint128{position_} + n),
                        "at most " + bytes_text(head_.size()));
    }

    std::span<const uint8_t> bytes(uint64_t n, std::string_view what) {
        need(n, what);
        const std::span<const uint8_t> view = head_.subspan(position_, n);
        position_ += n;
        return view;
    }

    uint32_t u32(std::string_view what) {
        return static_cast<uint32_t>(load_uint(bytes(4, what).data(), 4));
    }
    uint64_t u64(std::string_view what) { return load_uint(bytes(8, what).data(), 8); }

    // A length and that many bytes. A length above `max_bytes` throws `code`.
    std::string_view string(uint64_t max_bytes, ErrorCode code, std::string_view what) {
        const uint64_t n = u64(what);
        if (n > max_bytes)
            throw error(code, std::string(what), bytes_text(n) + " long",
                        "at most " + bytes_text(max_bytes));
        const std::span<const uint8_t> view = bytes(n, what);
        return {reinterpret_cast<const char*>(view.data()), view.size()};
    }

  private:
    std::span<const uint8_t> head_;
    uint64_t file_size_;
    const std::string& path_;
    uint64_t position_ = 0;
};

}  // namespace paligemma
