// Our strict GGUF reader: the only parser that sees the bytes of a model file. It checks everything
// that can be checked without knowing the architecture (that is models/tensor_table.*): 64-bit
// arithmetic that cannot wrap, no allocation from a claimed size, caps on counts, tensors inside
// the file, without overlap. It throws Error and never aborts. It keeps no file open and reads no
// tensor data. Source of the format: ggml's docs/gguf.md and gguf.cpp.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "compute/weight_type.h"

namespace paligemma {

class GgufReader;

struct GgufTensor {
    std::string name;
    WeightType type;
    int n_dims;
    int64_t ne[4];    // fastest first, unused dimensions 1
    uint64_t offset;  // from the start of the file, in bytes
    uint64_t n_bytes;
};

// The value types of the format, with its ids.
enum class GgufType : uint32_t {
    U8 = 0,
    I8,
    U16,
    I16,
    U32,
    I32,
    F32,
    Bool,
    String,
    Array,
    U64,
    I64,
    F64
};
const char* to_string(GgufType type);

// Limits of a file; larger ones are ERR_MODEL_LIMIT. Real PaliGemma files stay below a third of
// each.
struct GgufLimits {
    uint64_t metadata_bytes = 32u << 20;
    uint64_t keys = 1024;
    uint64_t tensors = 8192;
    uint64_t key_bytes = 256;
    uint64_t string_bytes = 1u << 20;
    uint64_t array_string_bytes = 4096;
    uint64_t array_elements = 1u << 20;
    uint64_t alignment = 65536;
};

class GgufFile {
  public:
    // Parses the beginning of a file. `head` holds its first bytes: all of them, or at least
    // limits.metadata_bytes; `file_size` is the size of the whole file. `path` only serves
    // messages. The result owns copies of what it needs and may be copied; views handed out stay
    // valid as long as one copy lives. Codes: ModelFormat for what is not a GGUF of version 2 or 3
    // or breaks its grammar, ModelTruncated when bytes are missing (also when only a wrong size
    // claims so), ModelLimit for what exceeds `limits`, TensorType and TensorShape for a tensor we
    // cannot hold, ModelCorrupt for a tensor table that contradicts itself or the file.
    static GgufFile parse(std::span<const uint8_t> head, uint64_t file_size, std::string path,
                          const GgufLimits& limits = {});

    const std::string& path() const { return path_; }
    uint64_t file_size() const { return file_size_; }
    uint32_t version() const { return version_; }
    uint64_t alignment() const { return alignment_; }
    const std::vector<GgufTensor>& tensors() const { return tensors_; }
    const GgufTensor* find_tensor(std::string_view name) const;

    // Keys in file order.
    std::vector<std::string_view> keys() const;
    bool has(std::string_view key) const;
    // The type of a key; for an array, the type of its elements and their count. Throws ModelFormat
    // when absent.
    GgufType type_of(std::string_view key) const;
    GgufType element_type_of(std::string_view key) const;
    uint64_t array_size(std::string_view key) const;

    // Scalars. Integers of any width and signedness are accepted when the value fits; a wrong type
    // throws ModelFormat with the key, the found and the expected type; an absent key returns
    // nullopt.
    std::optional<uint64_t> get_uint(std::string_view key) const;
    std::optional<int64_t> get_int(std::string_view key) const;
    std::optional<double> get_float(std::string_view key) const;  // f32 or f64 only
    std::optional<bool> get_bool(std::string_view key) const;
    std::optional<std::string> get_string(std::string_view key) const;
    // Arrays; element type checked as above. Strings are views into this object.
    std::optional<std::vector<std::string_view>> get_strings(std::string_view key) const;
    std::optional<std::vector<float>> get_floats(std::string_view key) const;  // f32 elements only
    std::optional<std::vector<int64_t>> get_ints(
        std::string_view key) const;  // any integer elements

  private:
    struct Value {
        GgufType type;
        GgufType element;  // of an array
        uint64_t count;    // elements of an array, else 1
        uint64_t offset;   // of the payload in metadata_
        uint64_t n_bytes;
    };
    GgufFile() = default;
    void read_metadata(GgufReader& reader, uint64_t n_keys, const GgufLimits& limits);
    Value read_value(GgufReader& reader, const std::string& key, const GgufLimits& limits) const;
    void read_alignment(const GgufLimits& limits);
    void read_tensors(GgufReader& reader, uint64_t n_tensors);
    void check_layout(uint64_t table_end) const;

    const Value* find_value(std::string_view key) const;
    const Value& value_of(std::string_view key) const;
    const Value* find_array(std::string_view key) const;
    Error wrong_type(std::string_view key, std::string found, std::string expected) const;
    struct Integer;
    Integer integer_at(GgufType type, uint64_t offset) const;

    std::string path_;
    uint64_t file_size_ = 0;
    uint32_t version_ = 0;
    uint64_t alignment_ = 32;
    std::shared_ptr<const std::vector<uint8_t>> metadata_;  // the bytes of the key section
    std::vector<std::string> key_order_;
    std::unordered_map<std::string, Value> values_;
    std::vector<GgufTensor> tensors_;
    std::unordered_map<std::string, size_t> tensor_index_;
};

}  // namespace paligemma
