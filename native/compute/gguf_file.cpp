// The parser and the typed look-ups of GgufFile. Knows nothing of what a tensor means.
#include "compute/gguf_file.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "base/utf8.h"
#include "compute/file_kind.h"
#include "compute/gguf_reader.h"

namespace paligemma {

namespace {

constexpr uint64_t MAX_TENSOR_NAME = 64;  // GGML_MAX_NAME, with the final NUL
constexpr uint64_t MAX_DIM = uint64_t{1} << 31;
constexpr uint64_t MIN_ALIGNMENT = 8;
constexpr uint64_t MIN_KEY_BYTES = 8 + 1 + 4 + 1;  // length, name, type, value
constexpr uint64_t MIN_TENSOR_BYTES =
    8 + 1 + 4 + 8 + 4 + 8;  // length, name, dims, one dim, type, offset

// Size of a fixed-size value in bytes; 0 for strings and arrays.
uint64_t size_of(GgufType type) {
    switch (type) {
        case GgufType::U8:
        case GgufType::I8:
        case GgufType::Bool:
            return 1;
        case GgufType::U16:
        case GgufType::I16:
            return 2;
        case GgufType::U32:
        case GgufType::I32:
        case GgufType::F32:
            return 4;
        case GgufType::U64:
        case GgufType::I64:
        case GgufType::F64:
            return 8;
        case GgufType::String:
        case GgufType::Array:
            return 0;
    }
    return 0;
}

bool is_signed(GgufType type) {
    return type == GgufType::I8 || type == GgufType::I16 || type == GgufType::I32 ||
           type == GgufType::I64;
}

bool is_integer(GgufType type) {
    return is_signed(type) || type == GgufType::U8 || type == GgufType::U16 ||
           type == GgufType::U32 || type == GgufType::U64;
}

// Names of unsupported types, for messages only. Source: enum ggml_type in ggml.h.
std::string ggml_type_text(uint32_t id) {
    constexpr std::string_view NAMES[] = {
        "f32",     "f16",    "q4_0",    "q4_1",  {},       {},      "q5_0",  "q5_1",
        "q8_0",    "q8_1",   "q2_k",    "q3_k",  "q4_k",   "q5_k",  "q6_k",  "q8_k",
        "iq2_xxs", "iq2_xs", "iq3_xxs", "iq1_s", "iq4_nl", "iq3_s", "iq2_s", "iq4_xs",
        "i8",      "i16",    "i32",     "i64",   "f64",    "iq1_m", "bf16",  {},
        {},        {},       "tq1_0",   "tq2_0", {},       {},      {},      "mxfp4",
    };
    std::string text = "ggml type " + std::to_string(id);
    if (id < std::size(NAMES) && !NAMES[id].empty()) text += " (" + std::string(NAMES[id]) + ")";
    return text;
}

std::string supported_types() {
    std::string text = "one of ";
    for (const WeightTypeTraits& t : weight_types()) {
        if (!text.ends_with(' ')) text += ", ";
        text += t.name;
    }
    return text;
}

}  // namespace

const char* to_string(GgufType type) {
    constexpr const char* NAMES[] = {"u8",   "i8",     "u16",   "i16", "u32", "i32", "f32",
                                     "bool", "string", "array", "u64", "i64", "f64"};
    const auto id = static_cast<uint32_t>(type);
    return id < std::size(NAMES) ? NAMES[id] : "unknown";
}

namespace {

uint32_t read_version(GgufReader& reader, std::span<const uint8_t> head) {
    constexpr std::string_view EXPECTED = "a GGUF file of version 2 or 3";
    const std::string_view text(reinterpret_cast<const char*>(head.data()), head.size());
    if (!text.starts_with("GGUF")) {
        const FileKind kind = guess_file_kind(head);
        std::string found(kind.found);
        if (found.empty())
            found = head.size() < 4 ? "a file of " + bytes_text(head.size())
                                    : "a file that begins with " + quote(text.substr(0, 4));
        throw reader.error(ErrorCode::ModelFormat, "the model file", found, std::string(EXPECTED),
                           std::string(kind.hint), kind.remedy);
    }
    reader.bytes(4, "the header");
    const uint32_t version = reader.u32("the header");
    if (version == 2 || version == 3) return version;
    std::string found = "a GGUF file of version " + std::to_string(version);
    std::string hint;
    if (version == 1) hint = "Version 1 had 32-bit sizes: convert the checkpoint again";
    if ((version & 0xFFFF) == 0) {  // as gguf.cpp detects it: real versions are small
        found = "a big-endian GGUF file";
        hint = "Convert the checkpoint again for little-endian machines";
    }
    throw reader.error(ErrorCode::ModelFormat, "the model file", found, std::string(EXPECTED),
                       hint);
}

uint64_t read_count(GgufReader& reader, const char* what, uint64_t limit) {
    const uint64_t n = reader.u64("the header");
    if (n > limit)
        throw reader.error(ErrorCode::ModelLimit, std::string("the number of ") + what, to_text(n),
                           "at most " + to_text(limit));
    return n;
}

}  // namespace

GgufFile GgufFile::parse(std::span<const uint8_t> head, uint64_t file_size, std::string path,
                         const GgufLimits& limits) {
    head = head.first(
        static_cast<size_t>(std::min({uint64_t{head.size()}, file_size, limits.metadata_bytes})));
    GgufFile file;
    file.path_ = std::move(path);
    file.file_size_ = file_size;
    GgufReader reader(head, file_size, file.path_);
    file.version_ = read_version(reader, head);
    const uint64_t n_tensors = read_count(reader, "tensors", limits.tensors);
    const uint64_t n_keys = read_count(reader, "keys", limits.keys);
    file.read_metadata(reader, n_keys, limits);
    file.metadata_ = std::make_shared<const std::vector<uint8_t>>(
        head.begin(), head.begin() + static_cast<int64_t>(reader.position()));
    file.read_alignment(limits);
    file.read_tensors(reader, n_tensors);
    file.check_layout(reader.position());
    return file;
}

void GgufFile::read_metadata(GgufReader& reader, uint64_t n_keys, const GgufLimits& limits) {
    key_order_.reserve(std::min(n_keys, reader.remaining() / MIN_KEY_BYTES));
    for (uint64_t i = 0; i < n_keys; i++) {
        std::string key(reader.string(limits.key_bytes, ErrorCode::ModelLimit, "a key"));
        // A NUL would let two tools see two different keys.
        if (key.empty() || !printable(key))
            throw reader.error(ErrorCode::ModelFormat, "key " + std::to_string(i),
                               key.empty() ? "empty" : quote(key), "a name in printable ASCII");
        const Value value = read_value(reader, key, limits);
        if (!values_.emplace(key, value).second)
            throw reader.error(ErrorCode::ModelFormat, key, "there twice", "each key once");
        key_order_.push_back(std::move(key));
    }
}

GgufFile::Value GgufFile::read_value(GgufReader& reader, const std::string& key,
                                     const GgufLimits& limits) const {
    const auto read_type = [&] {
        const uint32_t id = reader.u32(key);
        if (id > static_cast<uint32_t>(GgufType::F64))
            throw reader.error(ErrorCode::ModelFormat, key, "of value type " + std::to_string(id),
                               "a type from 0 to 12");
        return static_cast<GgufType>(id);
    };
    const auto read_string = [&](uint64_t max_bytes) {
        const std::string_view text = reader.string(max_bytes, ErrorCode::ModelLimit, key);
        if (!utf8_valid(text))
            throw reader.error(ErrorCode::ModelFormat, key, "not UTF-8", "valid UTF-8");
        return text;
    };
    const auto read_fixed = [&](GgufType type, uint64_t count) {
        reader.need(uint128{count} * size_of(type), key);
        const std::span<const uint8_t> bytes = reader.bytes(count * size_of(type), key);
        if (type == GgufType::Bool &&
            std::any_of(bytes.begin(), bytes.end(), [](uint8_t b) { return b > 1; }))
            throw reader.error(ErrorCode::ModelFormat, key, "a bool that is neither 0 nor 1",
                               "0 or 1");
    };

    Value value{
        .type = read_type(), .element = GgufType::Array, .count = 1, .offset = 0, .n_bytes = 0};
    if (value.type == GgufType::String) {
        const std::string_view text = read_string(limits.string_bytes);
        if (text.find('\0') != text.npos)
            throw reader.error(ErrorCode::ModelFormat, key, "a string that holds a NUL",
                               "text without NUL");
        value.offset = reader.position() - text.size();
    } else if (value.type == GgufType::Array) {
        value.element = read_type();
        if (value.element == GgufType::Array)
            throw reader.error(ErrorCode::ModelFormat, key, "an array of arrays",
                               "an array of scalars or strings");
        value.count = reader.u64(key);
        if (value.count > limits.array_elements)
            throw reader.error(ErrorCode::ModelLimit, key,
                               "an array of " + to_text(value.count) + " elements",
                               "at most " + to_text(limits.array_elements) + " elements");
        value.offset = reader.position();
        if (value.element == GgufType::String) {
            reader.need(uint128{value.count} * 8,
                        key);  // at least a length each: a short file fails here, not in the loop
            for (uint64_t i = 0; i < value.count; i++) read_string(limits.array_string_bytes);
        } else {
            read_fixed(value.element, value.count);
        }
    } else {
        value.offset = reader.position();
        read_fixed(value.type, 1);
    }
    value.n_bytes = reader.position() - value.offset;
    return value;
}

void GgufFile::read_alignment(const GgufLimits& limits) {
    constexpr std::string_view KEY = "general.alignment";
    const Value* value = find_value(KEY);
    if (!value) return;
    if (value->type != GgufType::U32) throw wrong_type(KEY, to_string(value->type), "u32");
    const uint64_t found = *get_uint(KEY);
    if (found > limits.alignment)
        throw file_error(path_, ErrorCode::ModelLimit, std::string(KEY), to_text(found),
                         "at most " + to_text(limits.alignment));
    if (found < MIN_ALIGNMENT || !std::has_single_bit(found))
        throw file_error(path_, ErrorCode::ModelFormat, std::string(KEY), to_text(found),
                         "a power of two of at least 8");
    alignment_ = found;
}

// Offsets are left relative to the data section; check_layout() needs its start, which is only
// known at the end.
void GgufFile::read_tensors(GgufReader& reader, uint64_t n_tensors) {
    const uint64_t n_reserve = std::min(n_tensors, reader.remaining() / MIN_TENSOR_BYTES);
    tensors_.reserve(n_reserve);
    tensor_index_.reserve(n_reserve);
    for (uint64_t i = 0; i < n_tensors; i++) {
        GgufTensor t{};
        t.name = reader.string(MAX_TENSOR_NAME - 1, ErrorCode::ModelFormat,
                               "the name of tensor " + std::to_string(i));
        if (t.name.empty() || !printable(t.name))
            throw reader.error(ErrorCode::ModelFormat, "the name of tensor " + std::to_string(i),
                               t.name.empty() ? "empty" : quote(t.name), "printable ASCII");
        if (!tensor_index_.emplace(t.name, tensors_.size()).second)
            throw reader.error(ErrorCode::ModelCorrupt, t.name, "there twice", "each tensor once");

        const uint32_t n_dims = reader.u32(t.name);
        if (n_dims < 1 || n_dims > 4)
            throw reader.error(ErrorCode::ModelCorrupt, t.name,
                               "of " + std::to_string(n_dims) + " dimensions", "1 to 4 dimensions");
        t.n_dims = static_cast<int>(n_dims);
        uint128 n_elements = 1;
        for (uint32_t d = 0; d < 4; d++) {
            const uint64_t n = d < n_dims ? reader.u64(t.name) : 1;
            if (n < 1 || n >= MAX_DIM)
                throw reader.error(ErrorCode::ModelCorrupt, t.name,
                                   "of size " + to_text(n) + " in dimension " + std::to_string(d),
                                   "1 to " + to_text(MAX_DIM - 1));
            t.ne[d] = static_cast<int64_t>(n);
            n_elements *= n;
        }

        const uint32_t type_id = reader.u32(t.name);
        const std::optional<WeightType> type = weight_type_from_gguf(type_id);
        if (!type)
            throw reader.error(ErrorCode::TensorType, t.name, ggml_type_text(type_id),
                               supported_types(),
                               "Convert the checkpoint again to one of these types");
        t.type = *type;
        const WeightTypeTraits& traits = traits_of(t.type);
        if (t.ne[0] % traits.block_size != 0)
            throw reader.error(
                ErrorCode::TensorShape, t.name,
                "of row length " + std::to_string(t.ne[0]) + " in " + std::string(traits.name),
                "a multiple of " + std::to_string(traits.block_size));

        t.offset = reader.u64(t.name);
        if (t.offset % alignment_ != 0)
            throw reader.error(ErrorCode::ModelCorrupt, t.name, "at offset " + to_text(t.offset),
                               "a multiple of " + to_text(alignment_));
        const uint128 n_bytes = n_elements / traits.block_size * traits.block_bytes;
        // More than the file holds; the check also keeps both values within 64 bits below.
        const uint128 end = uint128{reader.position()} + t.offset + n_bytes;
        if (end > file_size_) throw reader.truncated(t.name, end);
        t.n_bytes = static_cast<uint64_t>(n_bytes);
        tensors_.push_back(std::move(t));
    }
    const uint64_t data_start = (reader.position() + alignment_ - 1) / alignment_ * alignment_;
    for (GgufTensor& t : tensors_) {
        const uint128 end = uint128{data_start} + t.offset + t.n_bytes;
        if (end > file_size_) throw reader.truncated(t.name, end);
        t.offset += data_start;
    }
}

// The tensors must tile the rest of the file: in any order, each at the first aligned byte after
// the previous one.
void GgufFile::check_layout(uint64_t table_end) const {
    const auto aligned = [&](uint64_t n) {
        return (uint128{n} + alignment_ - 1) / alignment_ * alignment_;
    };
    std::vector<const GgufTensor*> order;
    order.reserve(tensors_.size());
    for (const GgufTensor& t : tensors_) order.push_back(&t);
    std::sort(order.begin(), order.end(),
              [](const GgufTensor* a, const GgufTensor* b) { return a->offset < b->offset; });
    uint64_t end = table_end;
    for (const GgufTensor* t : order) {
        if (t->offset != aligned(end))
            throw file_error(path_, ErrorCode::ModelCorrupt, t->name,
                             "at byte " + to_text(t->offset),
                             "byte " + to_text(aligned(end)) +
                                 (t->offset < end ? " (it overlaps another tensor)"
                                                  : " (there is a hole before it)"));
        end = t->offset + t->n_bytes;
    }
    // Writers pad the last tensor or do not; anything in between means that the file is truncated.
    if (file_size_ == end || file_size_ == aligned(end)) return;
    const bool is_cut = file_size_ < aligned(end);
    const bool is_part = !is_cut && has("split.count");
    throw file_error(path_, is_cut ? ErrorCode::ModelTruncated : ErrorCode::ModelCorrupt,
                     "the file", bytes_text(file_size_),
                     bytes_text(aligned(end)) + " by its tensor table",
                     is_part ? "Parts of a split GGUF cannot be joined byte by byte (cat): keep "
                               "them as they are and pass the first, or join them with "
                               "llama-gguf-split --merge"
                             : "");
}

const GgufTensor* GgufFile::find_tensor(std::string_view name) const {
    const auto it = tensor_index_.find(std::string(name));
    return it == tensor_index_.end() ? nullptr : &tensors_[it->second];
}

std::vector<std::string_view> GgufFile::keys() const {
    return {key_order_.begin(), key_order_.end()};
}

bool GgufFile::has(std::string_view key) const {
    return find_value(key) != nullptr;
}

const GgufFile::Value* GgufFile::find_value(std::string_view key) const {
    const auto it = values_.find(std::string(key));
    return it == values_.end() ? nullptr : &it->second;
}

const GgufFile::Value& GgufFile::value_of(std::string_view key) const {
    const Value* value = find_value(key);
    if (!value) throw wrong_type(key, "missing", "a key of the file");
    return *value;
}

const GgufFile::Value* GgufFile::find_array(std::string_view key) const {
    const Value* value = find_value(key);
    if (value && value->type != GgufType::Array)
        throw wrong_type(key, to_string(value->type), "array");
    return value;
}

Error GgufFile::wrong_type(std::string_view key, std::string found, std::string expected) const {
    return file_error(path_, ErrorCode::ModelFormat, std::string(key), std::move(found),
                      std::move(expected));
}

GgufType GgufFile::type_of(std::string_view key) const {
    return value_of(key).type;
}

GgufType GgufFile::element_type_of(std::string_view key) const {
    value_of(key);
    return find_array(key)->element;
}

uint64_t GgufFile::array_size(std::string_view key) const {
    value_of(key);
    return find_array(key)->count;
}

// A 64-bit integer of either sign: `bits` in two's complement when `negative`.
struct GgufFile::Integer {
    uint64_t bits;
    bool negative;
    bool fits_int64() const { return negative || bits <= static_cast<uint64_t>(INT64_MAX); }
    std::string text() const {
        return negative ? std::to_string(static_cast<int64_t>(bits)) : std::to_string(bits);
    }
};

GgufFile::Integer GgufFile::integer_at(GgufType type, uint64_t offset) const {
    const uint64_t n_bits = 8 * size_of(type);
    uint64_t bits = load_uint(metadata_->data() + offset, size_of(type));
    const bool negative = is_signed(type) && (bits >> (n_bits - 1)) != 0;
    if (negative && n_bits < 64) bits |= ~uint64_t{0} << n_bits;
    return {bits, negative};
}

std::optional<uint64_t> GgufFile::get_uint(std::string_view key) const {
    const Value* value = find_value(key);
    if (!value) return std::nullopt;
    if (!is_integer(value->type)) throw wrong_type(key, to_string(value->type), "an integer");
    const Integer n = integer_at(value->type, value->offset);
    if (n.negative) throw wrong_type(key, n.text(), "an integer of at least 0");
    return n.bits;
}

std::optional<int64_t> GgufFile::get_int(std::string_view key) const {
    const Value* value = find_value(key);
    if (!value) return std::nullopt;
    if (!is_integer(value->type)) throw wrong_type(key, to_string(value->type), "an integer");
    const Integer n = integer_at(value->type, value->offset);
    if (!n.fits_int64()) throw wrong_type(key, n.text(), "an integer below 2^63");
    return static_cast<int64_t>(n.bits);
}

std::optional<double> GgufFile::get_float(std::string_view key) const {
    const Value* value = find_value(key);
    if (!value) return std::nullopt;
    const uint64_t bits = load_uint(metadata_->data() + value->offset, size_of(value->type));
    if (value->type == GgufType::F32) return std::bit_cast<float>(static_cast<uint32_t>(bits));
    if (value->type == GgufType::F64) return std::bit_cast<double>(bits);
    throw wrong_type(key, to_string(value->type), "f32 or f64");
}

std::optional<bool> GgufFile::get_bool(std::string_view key) const {
    const Value* value = find_value(key);
    if (!value) return std::nullopt;
    if (value->type != GgufType::Bool) throw wrong_type(key, to_string(value->type), "bool");
    return (*metadata_)[value->offset] != 0;
}

std::optional<std::string> GgufFile::get_string(std::string_view key) const {
    const Value* value = find_value(key);
    if (!value) return std::nullopt;
    if (value->type != GgufType::String) throw wrong_type(key, to_string(value->type), "string");
    return std::string(reinterpret_cast<const char*>(metadata_->data() + value->offset),
                       value->n_bytes);
}

std::optional<std::vector<std::string_view>> GgufFile::get_strings(std::string_view key) const {
    const Value* value = find_array(key);
    if (!value) return std::nullopt;
    if (value->element != GgufType::String)
        throw wrong_type(key, std::string("array of ") + to_string(value->element),
                         "array of string");
    std::vector<std::string_view> strings;
    strings.reserve(value->count);
    const uint8_t* p = metadata_->data() + value->offset;
    for (uint64_t i = 0; i < value->count; i++) {
        const uint64_t n = load_uint(p, 8);
        strings.emplace_back(reinterpret_cast<const char*>(p + 8), n);
        p += 8 + n;
    }
    return strings;
}

std::optional<std::vector<float>> GgufFile::get_floats(std::string_view key) const {
    const Value* value = find_array(key);
    if (!value) return std::nullopt;
    if (value->element != GgufType::F32)
        throw wrong_type(key, std::string("array of ") + to_string(value->element), "array of f32");
    std::vector<float> floats(value->count);
    for (uint64_t i = 0; i < value->count; i++)
        floats[i] = std::bit_cast<float>(
            static_cast<uint32_t>(load_uint(metadata_->data() + value->offset + 4 * i, 4)));
    return floats;
}

std::optional<std::vector<int64_t>> GgufFile::get_ints(std::string_view key) const {
    const Value* value = find_array(key);
    if (!value) return std::nullopt;
    if (!is_integer(value->element))
        throw wrong_type(key, std::string("array of ") + to_string(value->element),
                         "array of integers");
    std::vector<int64_t> ints(value->count);
    for (uint64_t i = 0; i < value->count; i++) {
        const Integer n = integer_at(value->element, value->offset + i * size_of(value->element));
        if (!n.fits_int64()) throw wrong_type(key, n.text(), "integers below 2^63");
        ints[i] = static_cast<int64_t>(n.bits);
    }
    return ints;
}

}  // namespace paligemma
