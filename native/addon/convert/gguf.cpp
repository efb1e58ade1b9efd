#include "addon/convert/convert.h"

namespace paligemma::js {

namespace {

// Of longer arrays only length and type are returned.
constexpr uint64_t LONG_ARRAY = 16;

Napi::Value array_value(Napi::Env env, const GgufFile& file, const std::string& key) {
    const uint64_t n = file.array_size(key);
    const GgufType element = file.element_type_of(key);
    Napi::Array values = Napi::Array::New(env);
    auto append = [&](Napi::Value value) { values.Set(values.Length(), value); };
    if (n <= LONG_ARRAY && element == GgufType::String) {
        const auto strings = *file.get_strings(key);
        for (auto text : strings) append(Napi::String::New(env, std::string(text)));
    } else if (n <= LONG_ARRAY && element == GgufType::F32) {
        const auto floats = *file.get_floats(key);
        for (float f : floats) append(number(env, f));
    } else if (n <= LONG_ARRAY && element != GgufType::Bool && element != GgufType::F64 &&
               element != GgufType::U64) {
        const auto ints = *file.get_ints(key);
        for (int64_t i : ints) append(number(env, i));
    } else {
        Napi::Object summary = Napi::Object::New(env);
        summary.Set("length", number(env, n));
        summary.Set("type", to_string(element));
        return summary;
    }
    return values;
}

Napi::Value metadata_value(Napi::Env env, const GgufFile& file, const std::string& key) {
    switch (file.type_of(key)) {
        case GgufType::String:
            return Napi::String::New(env, *file.get_string(key));
        case GgufType::Bool:
            return Napi::Boolean::New(env, *file.get_bool(key));
        case GgufType::F32:
        case GgufType::F64:
            return number(env, *file.get_float(key));
        case GgufType::U64:
            return number(env, *file.get_uint(key));
        case GgufType::Array:
            return array_value(env, file, key);
        default:
            return number(env, *file.get_int(key));
    }
}

}  // namespace

Napi::Value from(Napi::Env env, const GgufFile& file) {
    Napi::Object o = Napi::Object::New(env);
    o.Set("version", number(env, file.version()));
    o.Set("alignment", number(env, file.alignment()));
    o.Set("fileBytes", number(env, file.file_size()));
    Napi::Object metadata = Napi::Object::New(env);
    for (const auto view : file.keys()) {
        const std::string key(view);
        metadata.Set(key, metadata_value(env, file, key));
    }
    o.Set("metadata", metadata);
    Napi::Array tensors = Napi::Array::New(env, file.tensors().size());
    for (uint32_t i = 0; i < file.tensors().size(); ++i) {
        const GgufTensor& t = file.tensors()[i];
        Napi::Object tensor = Napi::Object::New(env);
        Napi::Array shape = Napi::Array::New(env, t.n_dims);
        for (int d = 0; d < t.n_dims; ++d)
            shape.Set(static_cast<uint32_t>(d), number(env, t.ne[d]));
        tensor.Set("name", t.name);
        tensor.Set("shape", shape);
        tensor.Set("type", std::string(traits_of(t.type).name));
        tensor.Set("bytes", number(env, t.n_bytes));
        tensors.Set(i, tensor);
    }
    o.Set("tensors", tensors);
    return o;
}

}  // namespace paligemma::js
