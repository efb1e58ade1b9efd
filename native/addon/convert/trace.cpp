#include "addon/convert/convert.h"

namespace paligemma::js {

TraceParams to_trace_params(const Napi::Value& value) {
    const Napi::Object o = to_object(value, "trace params");
    return {field(o, "image", copy_bytes), field(o, "prefix", to_ids), field(o, "suffix", to_ids)};
}

Napi::Value from(Napi::Env env, const FeaturesResult& r) {
    Napi::Object o = Napi::Object::New(env);
    o.Set("data", from(env, r.data));
    o.Set("tokens", number(env, r.n_tokens));
    o.Set("width", number(env, r.width));
    return o;
}

Napi::Value from(Napi::Env env, const Taps& taps) {
    Napi::Object o = Napi::Object::New(env);
    for (const auto& [name, tensor] : taps.tensors) {
        Napi::Object t = Napi::Object::New(env);
        t.Set("width", number(env, tensor.width));
        t.Set("data", from(env, tensor.data));
        o.Set(name, t);
    }
    return o;
}

}  // namespace paligemma::js
