// JavaScript's plain values to C++ and back, for the files of this folder and the calls that need
// no more. A wrong type throws OptionType with `name`: src/ has validated the value, so that is a
// bug of ours.
#pragma once
#include <napi.h>

#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

namespace paligemma::js {

Napi::Object to_object(const Napi::Value& value, const char* name);
double to_number(const Napi::Value& value, const char* name);
bool to_flag(const Napi::Value& value, const char* name);
uint64_t to_id(const Napi::Value& value);
std::string to_text(const Napi::Value& value, const char* name);
std::vector<std::string> to_texts(const Napi::Value& value, const char* name);
int64_t to_integer(const Napi::Value& value, const char* name);
// A view, valid while `value` is alive and its memory is not detached.
std::span<const uint8_t> to_bytes(const Napi::Value& value, const char* name);
std::vector<uint8_t> copy_bytes(const Napi::Value& value, const char* name);
std::vector<int32_t> to_ids(const Napi::Value& value, const char* name);
std::vector<float> to_floats(const Napi::Value& value, const char* name);

// One field of an object, with its name for the message.
template <typename Read>
auto field(const Napi::Object& object, const char* name, Read&& read) {
    return read(object.Get(name), name);
}

// Buffers handed to JavaScript are copies: sandboxed builds of V8 refuse foreign memory.
Napi::Value from(Napi::Env env, const std::vector<uint8_t>& bytes);
Napi::Value from(Napi::Env env, const std::vector<int32_t>& ids);
Napi::Value from(Napi::Env env, const std::vector<float>& data);

// Exact up to 2^53.
template <typename Number>
Napi::Value number(Napi::Env env, Number value) {
    return Napi::Number::New(env, static_cast<double>(value));
}

// An object with a number or text for each key.
template <typename Map>
Napi::Object from_map(Napi::Env env, const Map& map) {
    Napi::Object object = Napi::Object::New(env);
    for (const auto& [key, value] : map) {
        if constexpr (std::is_arithmetic_v<std::decay_t<decltype(value)>>) {
            object.Set(key, number(env, value));
        } else {
            object.Set(key, Napi::String::New(env, value));
        }
    }
    return object;
}

}  // namespace paligemma::js
