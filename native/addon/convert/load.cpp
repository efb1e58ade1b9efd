#include "addon/convert/convert.h"

namespace paligemma::js {

LoadParams to_load_params(const Napi::Value& value) {
    const Napi::Object o = to_object(value, "load params");
    LoadParams p{};
    p.paths = field(o, "paths", to_texts);
    auto integer = [&](const char* name) { return field(o, name, to_integer); };
    auto softcap = [&](const char* name) -> std::optional<float> {
        if (o.Get(name).IsNull()) return std::nullopt;
        return static_cast<float>(field(o, name, to_number));
    };
    p.networks.device = field(o, "device", to_text);
    const Napi::Object threads = field(o, "threads", to_object);
    auto stage = [&](const char* name) {
        return static_cast<int>(field(threads, name, to_integer));
    };
    p.n_threads = {stage("encode"), stage("prefill"), stage("decode")};
    p.n_slots = static_cast<int>(integer("slots"));
    p.n_ctx = static_cast<int>(integer("contextLength"));
    p.kv_type = field(o, "kvType", to_text);
    p.networks.exact_gelu = field(o, "exactGelu", to_flag);
    p.networks.kernels = field(o, "kernels", to_text);
    p.networks.check_tensors = field(o, "checkTensors", to_flag);
    p.feature_cache_bytes = static_cast<uint64_t>(integer("featureCacheBytes"));
    p.overrides.attention_softcap = softcap("attentionSoftcap");
    p.overrides.final_softcap = softcap("finalSoftcap");
    return p;
}

Napi::Value from(Napi::Env env, const DeviceInfo& device) {
    Napi::Object o = Napi::Object::New(env);
    o.Set("name", device.name);
    o.Set("description", device.description);
    o.Set("type", device.type);
    o.Set("memoryFree", number(env, device.memory_free));
    o.Set("memoryTotal", number(env, device.memory_total));
    o.Set("features", from_map(env, device.features));
    return o;
}

Napi::Value from(Napi::Env env, const ModelMemory& memory) {
    Napi::Object o = Napi::Object::New(env);
    o.Set("weightsBytes", number(env, memory.weights));
    o.Set("kvCacheBytes", number(env, memory.kv_cache));
    o.Set("computeBytes", number(env, memory.compute));
    o.Set("featureCacheBytes", number(env, memory.feature_cache));
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
    o.Set("fileBytes", number(env, info.file_bytes));
    o.Set("text", from_map(env, info.text));
    o.Set("vision", from_map(env, info.vision));
    o.Set("weightTypes", from_map(env, info.weight_types));
    o.Set("kernels", from_map(env, info.kernels));
    o.Set("memory", from(env, info.memory));
    o.Set("features", from_map(env, info.features));
    o.Set("hasMaskCodec", Napi::Boolean::New(env, info.has_mask_codec));
    return o;
}

}  // namespace paligemma::js
