// Writes small GGUF files in memory, right ones and, because every field can be given, wrong ones.
// Independent of the reader that it tests.
#pragma once
#include <bit>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace paligemma::test {

using Bytes = std::vector<uint8_t>;

// Little-endian appends.
inline void put(Bytes& out, uint64_t value, int n_bytes) {
    for (int i = 0; i < n_bytes; i++) out.push_back(static_cast<uint8_t>(value >> (8 * i)));
}
inline void put(Bytes& out, const Bytes& more) {
    out.insert(out.end(), more.begin(), more.end());
}
inline void put_string(Bytes& out, std::string_view text) {
    put(out, text.size(), 8);
    out.insert(out.end(), text.begin(), text.end());
}

class GgufWriter {
  public:
    uint32_t version = 3;
    uint64_t alignment = 32;  // of the data; write the key with key_u32("general.alignment", …)
    std::optional<uint64_t> claimed_keys;  // instead of the true count
    std::optional<uint64_t> claimed_tensors;
    bool pads_end = true;

    // `type` and `payload` as the format has them.
    void key(std::string_view name, uint32_t type, const Bytes& payload) {
        put_string(keys_, name);
        put(keys_, type, 4);
        put(keys_, payload);
        n_keys_++;
    }
    void key_int(std::string_view name, uint32_t type, uint64_t value, int n_bytes) {
        Bytes payload;
        put(payload, value, n_bytes);
        key(name, type, payload);
    }
    void key_u32(std::string_view name, uint32_t value) { key_int(name, 4, value, 4); }
    void key_f32(std::string_view name, float value) {
        key_int(name, 6, std::bit_cast<uint32_t>(value), 4);
    }
    void key_bool(std::string_view name, bool value) { key_int(name, 7, value, 1); }
    void key_string(std::string_view name, std::string_view value) {
        Bytes payload;
        put_string(payload, value);
        key(name, 8, payload);
    }
    void key_array(std::string_view name, uint32_t element, uint64_t count, const Bytes& elements) {
        Bytes payload;
        put(payload, element, 4);
        put(payload, count, 8);
        put(payload, elements);
        key(name, 9, payload);
    }
    void key_strings(std::string_view name, const std::vector<std::string>& values) {
        Bytes elements;
        for (const std::string& v : values) put_string(elements, v);
        key_array(name, 8, values.size(), elements);
    }

    // The next tensor in the data section. `type` is a ggml id.
    void tensor(std::string_view name, const std::vector<uint64_t>& dims, uint32_t type,
                const Bytes& data) {
        data_.resize((data_.size() + alignment - 1) / alignment * alignment);
        tensor_entry(name, dims, type, data_.size());
        put(data_, data);
    }
    // An entry of the table without data.
    void tensor_entry(std::string_view name, const std::vector<uint64_t>& dims, uint32_t type,
                      uint64_t offset) {
        put_string(table_, name);
        put(table_, dims.size(), 4);
        for (uint64_t n : dims) put(table_, n, 8);
        put(table_, type, 4);
        put(table_, offset, 8);
        n_tensors_++;
    }

    Bytes build() const {
        Bytes out = {'G', 'G', 'U', 'F'};
        put(out, version, 4);
        put(out, claimed_tensors.value_or(n_tensors_), 8);
        put(out, claimed_keys.value_or(n_keys_), 8);
        put(out, keys_);
        put(out, table_);
        if (n_tensors_ == 0) return out;
        out.resize((out.size() + alignment - 1) / alignment * alignment);
        put(out, data_);
        if (pads_end) out.resize((out.size() + alignment - 1) / alignment * alignment);
        return out;
    }

  private:
    Bytes keys_, table_, data_;
    uint64_t n_keys_ = 0, n_tensors_ = 0;
};

// A small valid file with every value type and several weight types; the last tensor ends on the
// alignment.
inline GgufWriter sample_gguf() {
    GgufWriter w;
    w.key_string("general.architecture", "gemma");
    w.key_int("value.u8", 0, 200, 1);
    w.key_int("value.i8", 1, static_cast<uint8_t>(-5), 1);
    w.key_int("value.u16", 2, 60000, 2);
    w.key_int("value.i16", 3, static_cast<uint16_t>(-300), 2);
    w.key_u32("value.u32", 4000000000);
    w.key_int("value.i32", 5, static_cast<uint32_t>(-70000), 4);
    w.key_f32("value.f32", 0.5f);
    w.key_bool("value.bool", true);
    w.key_int("value.u64", 10, uint64_t{1} << 63, 8);
    w.key_int("value.i64", 11, static_cast<uint64_t>(-5000000000), 8);
    w.key_int("value.f64", 12, std::bit_cast<uint64_t>(-2.25), 8);
    w.key_u32("general.alignment", 64);
    w.alignment = 64;
    w.key_strings("tokenizer.ggml.tokens", {"<pad>", "\xE2\x96\x81", "", std::string("a\0b", 3)});
    Bytes floats, ints;
    for (float f : {0.0f, -1.5f, 3e38f}) put(floats, std::bit_cast<uint32_t>(f), 4);
    for (int32_t i : {3, -6, 1}) put(ints, static_cast<uint32_t>(i), 4);
    w.key_array("tokenizer.ggml.scores", 6, 3, floats);
    w.key_array("tokenizer.ggml.token_type", 5, 3, ints);
    w.key_array("empty", 8, 0, {});
    w.tensor("norm.weight", {48}, 0, Bytes(48 * 4, 1));
    w.tensor("blk.0.attn_q.weight", {32, 3}, 8, Bytes(3 * 34, 2));
    w.tensor("v.patch_embd.weight", {2, 2, 3, 5}, 1, Bytes(120, 3));
    w.tensor("output.weight", {256, 2}, 14, Bytes(2 * 210, 4));
    w.tensor("embd", {16, 4}, 30, Bytes(128, 5));
    return w;
}

}  // namespace paligemma::test
