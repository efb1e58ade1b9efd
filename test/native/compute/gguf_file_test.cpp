// GgufFile on hand-made files: what it reads, and the code of every refusal. Random damage is
// gguf_fuzz.cpp's.
#include "compute/gguf_file.h"

#include <string>

#include "support/gguf_writer.h"
#include "support/test.h"

using namespace paligemma;
using namespace paligemma::test;

namespace {

GgufFile parse(const Bytes& bytes, const GgufLimits& limits = {}) {
    return GgufFile::parse(bytes, bytes.size(), "m.gguf", limits);
}
GgufFile parse(const GgufWriter& w) {
    return parse(w.build());
}
GgufFile parse_text(std::string_view text) {
    return parse(Bytes(text.begin(), text.end()));
}

Error error_of(const Bytes& bytes) {
    try {
        parse(bytes);
    } catch (const Error& e) {
        return e;
    }
    throw std::runtime_error("the file was accepted");
}
Error error_of(std::string_view text) {
    return error_of(Bytes(text.begin(), text.end()));
}

// One tensor entry and `n_data` bytes of data.
Bytes one_tensor(std::string_view name, const std::vector<uint64_t>& dims, uint32_t type,
                 uint64_t offset, size_t n_data) {
    GgufWriter w;
    w.tensor_entry(name, dims, type, offset);
    Bytes bytes = w.build();
    bytes.resize(bytes.size() + n_data);
    return bytes;
}

}  // namespace

TEST("the values of a valid file are read") {
    const GgufFile file = parse(sample_gguf());
    CHECK_EQ(file.version(), 3u);
    CHECK_EQ(file.alignment(), 64u);
    CHECK_EQ(file.path(), "m.gguf");
    CHECK_EQ(file.keys().size(), 17u);
    CHECK_EQ(file.keys()[0], "general.architecture");
    CHECK_EQ(file.keys()[16], "empty");
    CHECK_EQ(file.get_string("general.architecture").value(), "gemma");
    CHECK_EQ(file.get_uint("value.u8").value(), 200u);
    CHECK_EQ(file.get_int("value.i8").value(), -5);
    CHECK_EQ(file.get_uint("value.u16").value(), 60000u);
    CHECK_EQ(file.get_int("value.i16").value(), -300);
    CHECK_EQ(file.get_int("value.u32").value(), 4000000000);
    CHECK_EQ(file.get_int("value.i32").value(), -70000);
    CHECK_EQ(file.get_float("value.f32").value(), 0.5);
    CHECK_EQ(file.get_bool("value.bool").value(), true);
    CHECK_EQ(file.get_uint("value.u64").value(), uint64_t{1} << 63);
    CHECK_EQ(file.get_int("value.i64").value(), -5000000000);
    CHECK_EQ(file.get_float("value.f64").value(), -2.25);
    CHECK(file.has("empty") && !file.has("value"));
    CHECK_EQ(to_string(file.type_of("value.i16")), std::string("i16"));
    CHECK(file.type_of("tokenizer.ggml.scores") == GgufType::Array);
    CHECK(file.element_type_of("tokenizer.ggml.scores") == GgufType::F32);
    CHECK_EQ(file.array_size("tokenizer.ggml.tokens"), 4u);
    CHECK_EQ(file.get_floats("tokenizer.ggml.scores").value(),
             std::vector<float>{0.0f, -1.5f, 3e38f});
    CHECK_EQ(file.get_ints("tokenizer.ggml.token_type").value(), std::vector<int64_t>{3, -6, 1});
    CHECK_EQ(file.get_strings("empty").value().size(), 0u);
}

TEST("strings of an array stay valid as long as a copy of the file lives") {
    std::optional<GgufFile> file = parse(sample_gguf());
    const GgufFile copy = *file;
    const auto strings = file->get_strings("tokenizer.ggml.tokens").value();
    file.reset();
    CHECK_EQ(strings, std::vector<std::string_view>{"<pad>", "\xE2\x96\x81", "",
                                                    std::string_view("a\0b", 3)});
}

TEST("the tensors of a valid file are read, with offsets from the start of the file") {
    const Bytes bytes = sample_gguf().build();
    const GgufFile file = parse(bytes);
    CHECK_EQ(file.tensors().size(), 5u);
    CHECK_EQ(file.file_size(), bytes.size());
    const GgufTensor& q = *file.find_tensor("blk.0.attn_q.weight");
    CHECK(q.type == WeightType::Q8_0);
    CHECK_EQ(q.n_dims, 2);
    CHECK_EQ(std::vector<int64_t>(q.ne, q.ne + 4), std::vector<int64_t>{32, 3, 1, 1});
    CHECK_EQ(q.n_bytes, 102u);
    CHECK_EQ(q.offset % 64, 0u);
    for (uint64_t i = 0; i < q.n_bytes; i++) CHECK_EQ(bytes[q.offset + i], 2);
    const GgufTensor& v = *file.find_tensor("v.patch_embd.weight");
    CHECK_EQ(v.n_bytes, 120u);
    CHECK_EQ(v.n_dims, 4);
    for (uint64_t i = 0; i < v.n_bytes; i++) CHECK_EQ(bytes[v.offset + i], 3);
    CHECK_EQ(file.find_tensor("output.weight")->n_bytes, 420u);
    CHECK(file.find_tensor("output") == nullptr);
}

TEST("look-ups of a wrong type or range throw, absent keys return nothing") {
    const GgufFile file = parse(sample_gguf());
    CHECK(!file.get_uint("none") && !file.get_int("none") && !file.get_float("none") &&
          !file.get_bool("none"));
    CHECK(!file.get_string("none") && !file.get_strings("none") && !file.get_floats("none") &&
          !file.get_ints("none"));
    CHECK_THROWS(ErrorCode::ModelFormat, file.type_of("none"));
    CHECK_THROWS(ErrorCode::ModelFormat, file.element_type_of("none"));
    CHECK_THROWS(ErrorCode::ModelFormat, file.array_size("none"));
    CHECK_THROWS(ErrorCode::ModelFormat, file.array_size("value.u8"));
    CHECK_THROWS(ErrorCode::ModelFormat, file.element_type_of("value.u8"));
    CHECK_THROWS(ErrorCode::ModelFormat, file.get_uint("value.i8"));  // negative
    CHECK_THROWS(ErrorCode::ModelFormat, file.get_int("value.u64"));  // 2^63
    CHECK_THROWS(ErrorCode::ModelFormat, file.get_uint("value.bool"));
    CHECK_THROWS(ErrorCode::ModelFormat, file.get_uint("value.f32"));
    CHECK_THROWS(ErrorCode::ModelFormat, file.get_int("value.bool"));
    CHECK_THROWS(ErrorCode::ModelFormat, file.get_int("value.f64"));
    CHECK_THROWS(ErrorCode::ModelFormat, file.get_int("empty"));
    CHECK_THROWS(ErrorCode::ModelFormat, file.get_float("value.u32"));
    CHECK_THROWS(ErrorCode::ModelFormat, file.get_float("empty"));
    CHECK_THROWS(ErrorCode::ModelFormat, file.get_bool("value.u8"));
    CHECK_THROWS(ErrorCode::ModelFormat, file.get_string("value.u8"));
    CHECK_THROWS(ErrorCode::ModelFormat, file.get_string("tokenizer.ggml.tokens"));
    CHECK_THROWS(ErrorCode::ModelFormat, file.get_strings("tokenizer.ggml.scores"));
    CHECK_THROWS(ErrorCode::ModelFormat, file.get_strings("value.u8"));
    CHECK_THROWS(ErrorCode::ModelFormat, file.get_floats("tokenizer.ggml.token_type"));
    CHECK_THROWS(ErrorCode::ModelFormat, file.get_ints("tokenizer.ggml.scores"));
    try {
        file.get_uint("value.f32");
    } catch (const Error& e) {
        CHECK_EQ(e.message(), "m.gguf: value.f32 is f32, expected an integer");
        CHECK_EQ(e.facts().name, "value.f32");
        CHECK_EQ(e.facts().found, "f32");
        CHECK_EQ(e.facts().expected, "an integer");
    }
}

TEST("arrays return integers of every width, and refuse what does not fit") {
    GgufWriter w;
    w.key_array("i8", 1, 2, {0xFF, 0x7F});
    w.key_array("u64", 10, 1, Bytes(8, 0xFF));
    w.key_array("bool", 7, 2, {0, 1});
    const GgufFile file = parse(w);
    CHECK_EQ(file.get_ints("i8").value(), std::vector<int64_t>{-1, 127});
    CHECK_THROWS(ErrorCode::ModelFormat, file.get_ints("u64"));
    CHECK_THROWS(ErrorCode::ModelFormat, file.get_ints("bool"));
}

TEST("version 2 is read, others are named") {
    GgufWriter w = sample_gguf();
    w.version = 2;
    CHECK_EQ(parse(w).version(), 2u);
    for (const auto& [version, found] :
         std::vector<std::pair<uint32_t, std::string>>{{1, "a GGUF file of version 1"},
                                                       {4, "a GGUF file of version 4"},
                                                       {0x03000000, "a big-endian GGUF file"}}) {
        w.version = version;
        const Error e = error_of(w.build());
        CHECK(e.code() == ErrorCode::ModelFormat);
        CHECK_EQ(e.facts().found, found);
    }
}

TEST("a file that is no GGUF is called what it looks like") {
    using namespace std::string_view_literals;
    const std::vector<std::pair<std::string_view, std::string_view>> cases = {
        {"", "empty file"},
        {"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n", "Git LFS"},
        {"<!DOCTYPE html><html>", "HTML"},
        {"\xEF\xBB\xBF\r\n  <HTML lang=en>", "HTML"},
        {"<?xml version=\"1.0\"?><Error>", "XML"},
        {"{\"error\":\"Unauthorized\"}", "JSON"},
        {"PK\x03\x04\x14\x00", "zip"},
        {"\x80\x02}q\x00.", "pickle"},
        {"\x80\x04\x95", "pickle"},
        {"\x40\0\0\0\0\0\0\0{\"a\":"sv, "safetensors"},
        {"\x08\x07\x12\x07pytorch", "ONNX"},
        {"\x08\x08:\x20", "ONNX"},
        {"\x93NUMPY\x01", "NumPy"},
        {"\x89HDF\r\n\x1A\n", "HDF5"},
        {"\x1F\x8B\x08", "gzip"},
        {"tjgg\x03\0\0\0"sv, "before GGUF"},
        {"\0\0\0\0\0\0\0\0\0"sv, "zero bytes"},
        {"GGU", "3 bytes"},
        {"G", "1 byte"},
        {"gguf\x03", "'gguf'"},
        {"\x01\x02\x03\xFFxyz", "'\\x01\\x02\\x03\\xFF'"},
    };
    for (const auto& [head, name] : cases) {
        const Error e = error_of(head);
        CHECK(e.code() == ErrorCode::ModelFormat);
        if (e.facts().found.find(name) == std::string::npos) CHECK_EQ(e.facts().found, name);
    }
}

TEST("keys are unique, printable and not empty") {
    for (std::string_view name :
         {std::string_view(""), std::string_view("a\0b", 3), std::string_view("a\nb"),
          std::string_view("\xC3\xA9"), std::string_view("a\x7F")}) {
        GgufWriter w;
        w.key_u32(name, 1);
        CHECK_THROWS(ErrorCode::ModelFormat, parse(w));
    }
    GgufWriter w;
    w.key_u32("twice", 1);
    w.key_u32("once", 1);
    w.key_f32("twice", 1);
    const Error e = error_of(w.build());
    CHECK(e.code() == ErrorCode::ModelFormat);
    CHECK_EQ(e.facts().name, "twice");
}

TEST("values obey the grammar") {
    const auto refuse = [](uint32_t type, const Bytes& payload) {
        GgufWriter w;
        w.key("k", type, payload);
        CHECK_THROWS(ErrorCode::ModelFormat, parse(w));
    };
    refuse(13, {0, 0, 0, 0});
    refuse(0xFFFFFFFF, {0, 0, 0, 0});
    refuse(7, {2});                                         // bool
    refuse(8, {1, 0, 0, 0, 0, 0, 0, 0, 0});                 // NUL in a string
    refuse(8, {1, 0, 0, 0, 0, 0, 0, 0, 0xFF});              // not UTF-8
    refuse(8, {3, 0, 0, 0, 0, 0, 0, 0, 0xED, 0xA0, 0x80});  // a surrogate
    refuse(9, {9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});        // array of arrays, even empty
    refuse(9, {14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});       // array of an unknown type, even empty
    refuse(9, {7, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 1, 3});  // bools
    refuse(9, {8, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0x80});
}

TEST("the alignment is a u32 and a power of two from 8 on") {
    const auto build = [](uint32_t type, uint64_t value, int n_bytes) {
        GgufWriter w;
        w.key_int("general.alignment", type, value, n_bytes);
        return w.build();
    };
    for (uint32_t good : {8u, 32u, 65536u}) CHECK_EQ(parse(build(4, good, 4)).alignment(), good);
    for (uint32_t bad : {0u, 1u, 4u, 24u, 33u})
        CHECK_THROWS(ErrorCode::ModelFormat, parse(build(4, bad, 4)));
    CHECK_THROWS(ErrorCode::ModelLimit, parse(build(4, 131072, 4)));
    CHECK_THROWS(ErrorCode::ModelFormat, parse(build(10, 32, 8)));
    CHECK_THROWS(ErrorCode::ModelFormat, parse(build(5, 32, 4)));
}

TEST("each cap is its own error") {
    const Bytes bytes = sample_gguf().build();
    const auto refuse = [&](GgufLimits limits) {
        CHECK_THROWS(ErrorCode::ModelLimit, parse(bytes, limits));
    };
    refuse({.keys = 16});
    refuse({.tensors = 4});
    refuse({.key_bytes = 20});
    refuse({.string_bytes = 4});
    refuse({.array_string_bytes = 4});
    refuse({.array_elements = 3});
    refuse({.alignment = 32});
    refuse({.metadata_bytes = 600});
    parse(bytes, {.keys = 17,
                  .tensors = 5,
                  .key_bytes = 25,
                  .string_bytes = 5,
                  .array_string_bytes = 5,
                  .array_elements = 4,
                  .alignment = 64});
}

TEST("a table that runs past the head of a larger file is over the limit, not cut") {
    const Bytes bytes = sample_gguf().build();
    const uint64_t table_end = parse(bytes).find_tensor("norm.weight")->offset;
    const std::span<const uint8_t> all(bytes);
    CHECK_EQ(GgufFile::parse(all.first(table_end), bytes.size(), "").tensors().size(), 5u);
    for (size_t n : {size_t{24}, size_t{100}, size_t{700}})
        CHECK_THROWS(ErrorCode::ModelLimit, GgufFile::parse(all.first(n), bytes.size(), ""));
    // Bytes in `head` beyond the end of the file do not count.
    CHECK_THROWS(ErrorCode::ModelTruncated, GgufFile::parse(all, 700, ""));
}

TEST("tensor names are unique, printable, not empty and shorter than 64 bytes") {
    for (std::string_view name :
         {std::string_view(""), std::string_view("a\0b", 3), std::string_view("a\xC3\xA9"),
          std::string_view("tttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttt")})
        CHECK_THROWS(ErrorCode::ModelFormat, parse(one_tensor(name, {8}, 0, 0, 32)));
    const std::string longest(63, 't');
    CHECK_EQ(parse(one_tensor(longest, {8}, 0, 0, 32)).tensors()[0].name, longest);
    GgufWriter w;
    w.tensor("t", {8}, 0, Bytes(32));
    w.tensor("t", {8}, 0, Bytes(32));
    CHECK_THROWS(ErrorCode::ModelCorrupt, parse(w));
}

TEST("dimensions are one to four integers from 1 to 2^31 - 1") {
    CHECK_THROWS(ErrorCode::ModelCorrupt, parse(one_tensor("t", {}, 0, 0, 32)));
    CHECK_THROWS(ErrorCode::ModelCorrupt, parse(one_tensor("t", {8, 1, 1, 1, 1}, 0, 0, 32)));
    CHECK_THROWS(ErrorCode::ModelCorrupt, parse(one_tensor("t", {0}, 0, 0, 32)));
    CHECK_THROWS(ErrorCode::ModelCorrupt, parse(one_tensor("t", {8, 0}, 0, 0, 32)));
    CHECK_THROWS(ErrorCode::ModelCorrupt, parse(one_tensor("t", {uint64_t{1} << 31}, 0, 0, 32)));
    CHECK_THROWS(ErrorCode::ModelTruncated,
                 parse(one_tensor("t", {(uint64_t{1} << 31) - 1}, 0, 0, 32)));
    CHECK_EQ(parse(one_tensor("t", {8, 1, 1, 1}, 0, 0, 32)).tensors()[0].n_dims, 4);
}

TEST("a type outside the list names itself and the list") {
    for (uint32_t type : {3u, 4u, 31u, 39u, 999u, 0xFFFFFFFFu}) {
        const Error e = error_of(one_tensor("blk.0.w", {256}, type, 0, 1024));
        CHECK(e.code() == ErrorCode::TensorType);
        CHECK_EQ(e.facts().name, "blk.0.w");
        CHECK(e.facts().found.find("ggml type " + std::to_string(type)) == 0);
        CHECK(e.facts().expected.find("q8_0") != std::string::npos);
    }
    CHECK_EQ(error_of(one_tensor("w", {256}, 3, 0, 1024)).facts().found, "ggml type 3 (q4_1)");
}

TEST("a row consists of whole blocks") {
    for (const WeightTypeTraits& t : weight_types()) {
        const Bytes good = one_tensor("w", {t.block_size, 2}, t.gguf_id, 0, 2 * t.block_bytes);
        CHECK_EQ(parse(good).tensors()[0].n_bytes, 2 * t.block_bytes);
        if (t.block_size == 1) continue;
        // Whole blocks in all, but not per row.
        CHECK_THROWS(ErrorCode::TensorShape, parse(one_tensor("w", {t.block_size / 2, 4}, t.gguf_id,
                                                              0, 2 * t.block_bytes)));
    }
}

TEST("tensors tile the data section") {
    CHECK_EQ(error_of(one_tensor("t", {8}, 0, 16, 64)).message(),
             "m.gguf: t is at offset 16, expected a multiple of 32");
    CHECK_THROWS(ErrorCode::ModelCorrupt,
                 parse(one_tensor("t", {8}, 0, 32, 64)));  // a hole before the first
    CHECK_THROWS(ErrorCode::ModelTruncated,
                 parse(one_tensor("t", {8}, 0, 64, 64)));  // after the end
    CHECK_THROWS(ErrorCode::ModelTruncated,
                 parse(one_tensor("t", {8}, 0, ~uint64_t{31}, 64)));  // would wrap
    CHECK_THROWS(ErrorCode::ModelTruncated, parse(one_tensor("t", {9}, 0, 0, 32)));
    CHECK_THROWS(ErrorCode::ModelCorrupt, parse(one_tensor("t", {8}, 0, 0, 64)));  // surplus bytes
    CHECK_THROWS(ErrorCode::ModelCorrupt, parse(one_tensor("t", {8}, 0, 0, 33)));

    const auto two = [](uint64_t first, uint64_t second, size_t n_data) {
        GgufWriter w;
        w.tensor_entry("a", {20}, 0, first);  // 80 bytes: 96 with padding
        w.tensor_entry("b", {8}, 0, second);
        Bytes bytes = w.build();
        bytes.resize(bytes.size() + n_data);
        return bytes;
    };
    CHECK_EQ(parse(two(0, 96, 128)).tensors().size(), 2u);
    CHECK_EQ(parse(two(32, 0, 112)).tensors().size(), 2u);            // any order
    CHECK_EQ(parse(two(32, 0, 128)).tensors().size(), 2u);            // with the end padded
    CHECK_THROWS(ErrorCode::ModelTruncated, parse(two(32, 0, 120)));  // cut in its padding
    CHECK_THROWS(ErrorCode::ModelCorrupt, parse(two(0, 0, 96)));      // the same place twice
    CHECK_THROWS(ErrorCode::ModelCorrupt, parse(two(0, 64, 96)));     // overlap
    CHECK_THROWS(ErrorCode::ModelCorrupt, parse(two(0, 128, 160)));   // a hole
}

TEST("the error for a truncated file names its bytes and those there should be") {
    Bytes bytes = one_tensor("blk.1.w", {64}, 0, 0, 256);
    bytes.resize(bytes.size() - 1);
    const Error e = error_of(bytes);
    CHECK(e.code() == ErrorCode::ModelTruncated);
    CHECK_EQ(e.facts().found, std::to_string(bytes.size()) + " bytes");
    CHECK_EQ(e.facts().expected, "at least " + std::to_string(bytes.size() + 1) + " bytes");
    CHECK(e.facts().name.find("blk.1.w") != std::string::npos);
}

TEST("a file without tensors is read") {
    GgufWriter w;
    w.key_u32("k", 7);
    CHECK_EQ(parse(w).tensors().size(), 0u);
    Bytes bytes = w.build();
    bytes.resize(bytes.size() + 200);
    CHECK_THROWS(ErrorCode::ModelCorrupt, parse(bytes));
    CHECK_THROWS(ErrorCode::ModelTruncated, parse_text("GGUF\x03"));
}
