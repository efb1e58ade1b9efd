#include "addon/js_convert.h"

#include <cmath>
#include <cstring>

#include "base/error.h"

namespace paligemma::js {

namespace {

[[noreturn]] void wrong(const char* name, const char* expected) {
    throw mismatch(ErrorCode::OptionType, name, "of another type", expected);
}

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

// One field of an object, with its name for the message.
template <typename Read>
auto field(const Napi::Object& object, const char* name, Read&& read) {
    return read(object.Get(name), name);
}

std::vector<std::string> to_texts(const Napi::Value& value, const char* name) {
    const Napi::Object list = to_object(value, name);
    std::vector<std::string> texts;
    const uint32_t n = list.Get("length").ToNumber().Uint32Value();
    for (uint32_t i = 0; i < n; ++i) texts.push_back(to_text(list.Get(i), name));
    return texts;
}

void read_prompt(const Napi::Object& o, PromptParams& p) {
    const Napi::Object images = to_object(o.Get("images"), "images");
    const uint32_t n_images = images.Get("length").ToNumber().Uint32Value();
    for (uint32_t i = 0; i < n_images; ++i) p.images.push_back(copy_bytes(images.Get(i), "images"));
    p.prompt = field(o, "prompt", to_text);
}

Napi::Value number(Napi::Env env, double value) {
    return Napi::Number::New(env, value);
}

template <typename Map>
Napi::Object from_map(Napi::Env env, const Map& map) {
    Napi::Object object = Napi::Object::New(env);
    for (const auto& [key, value] : map) {
        if constexpr (std::is_arithmetic_v<std::decay_t<decltype(value)>>) {
            object.Set(key, Napi::Number::New(env, static_cast<double>(value)));
        } else {
            object.Set(key, Napi::String::New(env, value));
        }
    }
    return object;
}

// Buffers handed to JavaScript are copies: sandboxed builds of V8 refuse foreign memory.
Napi::Float32Array float_array(Napi::Env env, const std::vector<float>& data) {
    Napi::Float32Array array = Napi::Float32Array::New(env, data.size());
    std::memcpy(array.Data(), data.data(), data.size() * sizeof(float));
    return array;
}

Napi::Object from(Napi::Env env, const PromptCosts& r) {
    Napi::Object o = Napi::Object::New(env);
    o.Set("promptTokens", number(env, r.n_prompt));
    o.Set("imageTokens", number(env, r.n_image));
    o.Set("completionTokens", number(env, r.n_completion));
    o.Set("cachedImages", number(env, r.n_cached_images));
    o.Set("queueMs", number(env, r.queue_ms));
    o.Set("encodeMs", number(env, r.encode_ms));
    o.Set("prefillMs", number(env, r.prefill_ms));
    o.Set("decodeMs", number(env, r.decode_ms));
    return o;
}

Napi::Value from(Napi::Env env, const GenerateResult& r) {
    Napi::Object o = from(env, static_cast<const PromptCosts&>(r));
    o.Set("finishReason", to_string(r.finish_reason));
    o.Set("endLogprob", number(env, r.end_logprob));
    if (!std::isnan(r.end_presence)) o.Set("endPresence", number(env, r.end_presence));
    o.Set("tail", r.tail);
    return o;
}

Napi::Value from(Napi::Env env, const ScoreResult& r) {
    Napi::Object o = from(env, static_cast<const PromptCosts&>(r));
    Napi::Array candidates = Napi::Array::New(env, r.candidates.size());
    for (uint32_t i = 0; i < r.candidates.size(); ++i) {
        Napi::Object candidate = Napi::Object::New(env);
        candidate.Set("tokens", js::from(env, r.candidates[i].tokens));
        candidate.Set("logprobs", float_array(env, r.candidates[i].logprobs));
        candidates.Set(i, candidate);
    }
    o.Set("candidates", candidates);
    return o;
}

Napi::Value from(Napi::Env env, const FeaturesResult& r) {
    Napi::Object o = Napi::Object::New(env);
    o.Set("data", float_array(env, r.data));
    o.Set("tokens", number(env, r.n_tokens));
    o.Set("width", number(env, r.width));
    return o;
}

Napi::Value from(Napi::Env env, const Taps& taps) {
    Napi::Object o = Napi::Object::New(env);
    for (const auto& [name, tensor] : taps.tensors) {
        Napi::Object t = Napi::Object::New(env);
        t.Set("width", number(env, static_cast<double>(tensor.width)));
        t.Set("data", float_array(env, tensor.data));
        o.Set(name, t);
    }
    return o;
}

Napi::Value from(Napi::Env env, const DecodedMasks& masks) {
    return float_array(env, masks.data);
}

Napi::Value from(Napi::Env env, const EncodedMasks& masks) {
    return js::from(env, masks.codes);
}

}  // namespace

uint64_t to_id(const Napi::Value& value) {
    return static_cast<uint64_t>(to_integer(value, "id"));
}

std::string to_text(const Napi::Value& value, const char* name) {
    if (!value.IsString()) wrong(name, "a string");
    return value.As<Napi::String>().Utf8Value();
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

LoadParams to_load_params(const Napi::Value& value) {
    const Napi::Object o = to_object(value, "load params");
    LoadParams p{};
    p.paths = field(o, "paths", to_texts);
    auto integer = [&](const char* name) { return field(o, name, to_integer); };
    auto softcap = [&](const char* name) -> std::optional<float> {
        if (o.Get(name).IsNull()) return std::nullopt;
        return static_cast<float>(field(o, name, to_number));
    };
    p.device = field(o, "device", to_text);
    const Napi::Object threads = field(o, "threads", to_object);
    auto stage = [&](const char* name) {
        return static_cast<int>(field(threads, name, to_integer));
    };
    p.n_threads = {stage("encode"), stage("prefill"), stage("decode")};
    p.n_slots = static_cast<int>(integer("slots"));
    p.n_ctx = static_cast<int>(integer("contextLength"));
    p.kv_type = field(o, "kvType", to_text);
    p.exact_gelu = field(o, "exactGelu", to_flag);
    p.kernels = field(o, "kernels", to_text);
    p.check_tensors = field(o, "checkTensors", to_flag);
    p.feature_cache_bytes = static_cast<uint64_t>(integer("featureCacheBytes"));
    p.attention_softcap = softcap("attentionSoftcap");
    p.final_softcap = softcap("finalSoftcap");
    return p;
}

GenerateParams to_generate_params(const Napi::Value& value) {
    const Napi::Object o = to_object(value, "generate params");
    GenerateParams p{};
    read_prompt(o, p);
    auto integer = [&](const char* name) { return field(o, name, to_integer); };
    p.max_tokens = static_cast<int>(integer("maxTokens"));
    p.sampling.temperature = static_cast<float>(field(o, "temperature", to_number));
    p.sampling.top_k = static_cast<int>(integer("topK"));
    p.sampling.top_p = static_cast<float>(field(o, "topP", to_number));
    p.sampling.seed = static_cast<uint64_t>(integer("seed"));
    p.sampling.n_top_logprobs = static_cast<int>(integer("topLogprobs"));
    p.pattern = field(o, "pattern", to_text);
    p.drafts = field(o, "drafts", to_texts);
    p.draft_after = static_cast<int>(field(o, "draftAfter", to_integer));
    p.loc_probabilities = field(o, "locProbabilities", to_flag);
    p.min_presence = static_cast<float>(field(o, "minPresence", to_number));
    p.stop_at_repetition = field(o, "stopAtRepetition", to_flag);
    return p;
}

ScoreParams to_score_params(const Napi::Value& value) {
    const Napi::Object o = to_object(value, "score params");
    ScoreParams p{};
    read_prompt(o, p);
    p.candidates = field(o, "candidates", to_texts);
    return p;
}

TraceParams to_trace_params(const Napi::Value& value) {
    const Napi::Object o = to_object(value, "trace params");
    return {field(o, "image", copy_bytes), field(o, "prefix", to_ids), field(o, "suffix", to_ids)};
}

Napi::Value from(Napi::Env env, const DeviceInfo& device) {
    Napi::Object o = Napi::Object::New(env);
    o.Set("name", device.name);
    o.Set("description", device.description);
    o.Set("type", device.type);
    o.Set("memoryFree", number(env, static_cast<double>(device.memory_free)));
    o.Set("memoryTotal", number(env, static_cast<double>(device.memory_total)));
    o.Set("features", from_map(env, device.features));
    return o;
}

Napi::Value from(Napi::Env env, const ModelInfo& info) {
    Napi::Object o = Napi::Object::New(env);
    o.Set("architecture", info.architecture);
    o.Set("version", number(env, info.version));
    o.Set("name", info.name);
    o.Set("variant", info.variant);
    o.Set("device", info.device);
    o.Set("deviceDescription", info.device_description);
    o.Set("threads", number(env, info.n_threads));
    o.Set("slots", number(env, info.n_slots));
    o.Set("contextLength", number(env, info.n_ctx));
    o.Set("imageSize", number(env, info.image_size));
    o.Set("patchSize", number(env, info.patch_size));
    o.Set("imageTokenCount", number(env, info.n_image_tokens));
    o.Set("vocabularySize", number(env, info.n_vocab));
    o.Set("fileBytes", number(env, static_cast<double>(info.file_bytes)));
    o.Set("text", from_map(env, info.text));
    o.Set("vision", from_map(env, info.vision));
    o.Set("weightTypes", from_map(env, info.weight_types));
    o.Set("kernels", from_map(env, info.kernels));
    Napi::Object memory = Napi::Object::New(env);
    memory.Set("weightsBytes", number(env, static_cast<double>(info.weights_bytes)));
    memory.Set("kvCacheBytes", number(env, static_cast<double>(info.kv_cache_bytes)));
    memory.Set("computeBytes", number(env, static_cast<double>(info.compute_bytes)));
    memory.Set("featureCacheBytes", number(env, static_cast<double>(info.feature_cache_bytes)));
    o.Set("memory", memory);
    o.Set("features", from_map(env, info.features));
    o.Set("hasMaskCodec", Napi::Boolean::New(env, info.has_mask_codec));
    return o;
}

Napi::Value from(Napi::Env env, const TokenEvent& event) {
    Napi::Object o = Napi::Object::New(env);
    o.Set("id", number(env, event.token.id));
    o.Set("text", event.text);
    o.Set("logprob", number(env, event.token.logprob));
    if (!event.token.top.empty()) {
        Napi::Array top = Napi::Array::New(env, event.token.top.size());
        for (uint32_t i = 0; i < event.token.top.size(); ++i) {
            Napi::Object t = Napi::Object::New(env);
            t.Set("id", number(env, event.token.top[i].id));
            t.Set("logprob", number(env, event.token.top[i].logprob));
            top.Set(i, t);
        }
        o.Set("top", top);
    }
    if (!event.loc_probabilities.empty())
        o.Set("locProbabilities", float_array(env, event.loc_probabilities));
    if (!std::isnan(event.presence)) o.Set("presence", number(env, event.presence));
    return o;
}

Napi::Value from(Napi::Env env, const Outcome& outcome) {
    return std::visit(
        [env](const auto& value) -> Napi::Value {
            if constexpr (std::is_same_v<std::decay_t<decltype(value)>, std::monostate>) {
                return env.Undefined();
            } else {
                return from(env, value);
            }
        },
        outcome);
}

Napi::Value from(Napi::Env env, const GgufFile& file) {
    constexpr uint64_t LONG_ARRAY = 16;
    Napi::Object o = Napi::Object::New(env);
    o.Set("version", number(env, file.version()));
    o.Set("alignment", number(env, static_cast<double>(file.alignment())));
    o.Set("fileBytes", number(env, static_cast<double>(file.file_size())));
    Napi::Object metadata = Napi::Object::New(env);
    for (const auto view : file.keys()) {
        const std::string key(view);
        switch (file.type_of(key)) {
            case GgufType::String:
                metadata.Set(key, *file.get_string(key));
                break;
            case GgufType::Bool:
                metadata.Set(key, Napi::Boolean::New(env, *file.get_bool(key)));
                break;
            case GgufType::F32:
            case GgufType::F64:
                metadata.Set(key, number(env, *file.get_float(key)));
                break;
            case GgufType::U64:
                metadata.Set(key, number(env, static_cast<double>(*file.get_uint(key))));
                break;
            case GgufType::Array: {
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
                } else if (n <= LONG_ARRAY && element != GgufType::Bool &&
                           element != GgufType::F64 && element != GgufType::U64) {
                    const auto ints = *file.get_ints(key);
                    for (int64_t i : ints) append(number(env, static_cast<double>(i)));
                } else {
                    Napi::Object summary = Napi::Object::New(env);
                    summary.Set("length", number(env, static_cast<double>(n)));
                    summary.Set("type", to_string(element));
                    metadata.Set(key, summary);
                    break;
                }
                metadata.Set(key, values);
                break;
            }
            default:
                metadata.Set(key, number(env, static_cast<double>(*file.get_int(key))));
                break;
        }
    }
    o.Set("metadata", metadata);
    Napi::Array tensors = Napi::Array::New(env, file.tensors().size());
    for (uint32_t i = 0; i < file.tensors().size(); ++i) {
        const GgufTensor& t = file.tensors()[i];
        Napi::Object tensor = Napi::Object::New(env);
        Napi::Array shape = Napi::Array::New(env, t.n_dims);
        for (int d = 0; d < t.n_dims; ++d)
            shape.Set(static_cast<uint32_t>(d), number(env, static_cast<double>(t.ne[d])));
        tensor.Set("name", t.name);
        tensor.Set("shape", shape);
        tensor.Set("type", std::string(traits_of(t.type).name));
        tensor.Set("bytes", number(env, static_cast<double>(t.n_bytes)));
        tensors.Set(i, tensor);
    }
    o.Set("tensors", tensors);
    return o;
}

Napi::Value from(Napi::Env env, const std::vector<uint8_t>& bytes) {
    Napi::Uint8Array array = Napi::Uint8Array::New(env, bytes.size());
    std::memcpy(array.Data(), bytes.data(), bytes.size());
    return array;
}

Napi::Value from(Napi::Env env, const std::vector<int32_t>& ids) {
    Napi::Int32Array array = Napi::Int32Array::New(env, ids.size());
    std::memcpy(array.Data(), ids.data(), ids.size() * sizeof(int32_t));
    return array;
}

}  // namespace paligemma::js
