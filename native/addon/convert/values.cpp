#include "addon/convert/values.h"

#include <cstring>

#include "base/error.h"

namespace paligemma::js {

namespace {

[[noreturn]] void wrong(const char* name, const char* expected) {
    throw mismatch(ErrorCode::OptionType, name, "of another type", expected);
}

template <typename Array>
Array copy_array(Napi::Env env, const auto& data) {
    Array array = Array::New(env, data.size());
    std::memcpy(array.Data(), data.data(), data.size() * sizeof(data[0]));
    return array;
}

}  // namespace

Napi::Object to_object(const Napi::Value& value, const char* name) {
    if (!value.IsObject()) wrong(name, "an object");
    return value.As<Napi::Object>();
}

double to_number(const Napi::Value& value, const char* name) {
    if (!value.IsNumber()) wrong(name, "a number");
    return value.As<Napi::Number>().DoubleValue();
}

bool to_flag(const Napi::Value& value, const char* name) {
    if (!value.IsBoolean()) wrong(name, "a boolean");
    return value.As<Napi::Boolean>();
}

uint64_t to_id(const Napi::Value& value) {
    return static_cast<uint64_t>(to_integer(value, "id"));
}

std::string to_text(const Napi::Value& value, const char* name) {
    if (!value.IsString()) wrong(name, "a string");
    return value.As<Napi::String>().Utf8Value();
}

std::vector<std::string> to_texts(const Napi::Value& value, const char* name) {
    const Napi::Object list = to_object(value, name);
    std::vector<std::string> texts;
    const uint32_t n = list.Get("length").ToNumber().Uint32Value();
    for (uint32_t i = 0; i < n; ++i) texts.push_back(to_text(list.Get(i), name));
    return texts;
}

int64_t to_integer(const Napi::Value& value, const char* name) {
    const double d = to_number(value, name);
    // 2^53 is the range in which a double counts exactly.
    if (!(d >= -0x1p53 && d <= 0x1p53) || d != static_cast<double>(static_cast<int64_t>(d)))
        wrong(name, "an integer");
    return static_cast<int64_t>(d);
}

std::span<const uint8_t> to_bytes(const Napi::Value& value, const char* name) {
    if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array)
        wrong(name, "a Uint8Array");
    auto array = value.As<Napi::Uint8Array>();
    return {array.Data(), array.ByteLength()};
}

std::vector<uint8_t> copy_bytes(const Napi::Value& value, const char* name) {
    const auto bytes = to_bytes(value, name);
    return {bytes.begin(), bytes.end()};
}

std::vector<int32_t> to_ids(const Napi::Value& value, const char* name) {
    if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_int32_array)
        wrong(name, "an Int32Array");
    auto array = value.As<Napi::Int32Array>();
    return {array.Data(), array.Data() + array.ElementLength()};
}

std::vector<float> to_floats(const Napi::Value& value, const char* name) {
    if (!value.IsTypedArray() ||
        value.As<Napi::TypedArray>().TypedArrayType() != napi_float32_array)
        wrong(name, "a Float32Array");
    auto array = value.As<Napi::Float32Array>();
    return {array.Data(), array.Data() + array.ElementLength()};
}

Napi::Value from(Napi::Env env, const std::vector<uint8_t>& bytes) {
    return copy_array<Napi::Uint8Array>(env, bytes);
}

Napi::Value from(Napi::Env env, const std::vector<int32_t>& ids) {
    return copy_array<Napi::Int32Array>(env, ids);
}

Napi::Value from(Napi::Env env, const std::vector<float>& data) {
    return copy_array<Napi::Float32Array>(env, data);
}

}  // namespace paligemma::js
