#include "addon/model_wrap.h"

#include "addon/convert/convert.h"
#include "addon/host.h"
#include "addon/js_error.h"

namespace paligemma {

Napi::Function ModelWrap::define(Napi::Env env) {
    return DefineClass(env, "Model",
                       {
                           InstanceMethod<&ModelWrap::load>("load"),
                           InstanceMethod<&ModelWrap::generate>("generate"),
                           InstanceMethod<&ModelWrap::score>("score"),
                           InstanceMethod<&ModelWrap::encode>("encode"),
                           InstanceMethod<&ModelWrap::trace>("trace"),
                           InstanceMethod<&ModelWrap::decode_masks>("decodeMasks"),
                           InstanceMethod<&ModelWrap::encode_masks>("encodeMasks"),
                           InstanceMethod<&ModelWrap::cancel>("cancel"),
                           InstanceMethod<&ModelWrap::dispose>("dispose"),
                           InstanceMethod<&ModelWrap::tokenize>("tokenize"),
                           InstanceMethod<&ModelWrap::detokenize>("detokenize"),
                           InstanceMethod<&ModelWrap::memory>("memory"),
                           InstanceMethod<&ModelWrap::pulse>("pulse"),
                       });
}

ModelWrap::ModelWrap(const Napi::CallbackInfo& info) : Napi::ObjectWrap<ModelWrap>(info) {
    guarded(info.Env(), [&] {
        if (!info[0].IsFunction())
            throw mismatch(ErrorCode::OptionType, "dispatch", "absent", "a function");
        host_ = Host::create(info.Env(), info[0].As<Napi::Function>());
    });
}

ModelWrap::~ModelWrap() {
    if (host_) host_->shut_down(true);
}

template <typename Submit>
void ModelWrap::request(const Napi::CallbackInfo& info, Submit&& submit) {
    guarded(info.Env(), [&] {
        const uint64_t id = js::to_id(info[0]);
        host_->request_begin(info.This().As<Napi::Object>());
        try {
            submit(id);
        } catch (...) {
            host_->request_end();
            throw;
        }
    });
}

void ModelWrap::load(const Napi::CallbackInfo& info) {
    request(info, [&](uint64_t id) { host_->engine().load(id, js::to_load_params(info[1])); });
}

void ModelWrap::generate(const Napi::CallbackInfo& info) {
    request(info,
            [&](uint64_t id) { host_->engine().generate(id, js::to_generate_params(info[1])); });
}

void ModelWrap::score(const Napi::CallbackInfo& info) {
    request(info, [&](uint64_t id) { host_->engine().score(id, js::to_score_params(info[1])); });
}

void ModelWrap::encode(const Napi::CallbackInfo& info) {
    request(info,
            [&](uint64_t id) { host_->engine().encode(id, js::copy_bytes(info[1], "image")); });
}

void ModelWrap::trace(const Napi::CallbackInfo& info) {
    request(info, [&](uint64_t id) { host_->engine().trace(id, js::to_trace_params(info[1])); });
}

void ModelWrap::decode_masks(const Napi::CallbackInfo& info) {
    request(info,
            [&](uint64_t id) { host_->engine().decode_masks(id, js::to_ids(info[1], "codes")); });
}

void ModelWrap::encode_masks(const Napi::CallbackInfo& info) {
    request(info, [&](uint64_t id) {
        host_->engine().encode_masks(id, js::to_floats(info[1], "masks"));
    });
}

void ModelWrap::cancel(const Napi::CallbackInfo& info) {
    guarded(info.Env(), [&] { host_->engine().cancel(js::to_id(info[0])); });
}

void ModelWrap::dispose(const Napi::CallbackInfo& info) {
    request(info, [&](uint64_t id) { host_->dispose(id); });
}

Napi::Value ModelWrap::tokenize(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&] {
        const auto tokenizer = host_->engine().tokenizer();
        if (!tokenizer) throw Error(ErrorCode::Disposed, "no model is loaded", {});
        return js::tokenize(info, *tokenizer);
    });
}

Napi::Value ModelWrap::detokenize(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&] {
        const auto tokenizer = host_->engine().tokenizer();
        if (!tokenizer) throw Error(ErrorCode::Disposed, "no model is loaded", {});
        return js::detokenize(info, *tokenizer);
    });
}

Napi::Value ModelWrap::memory(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&] { return js::from(info.Env(), host_->engine().memory()); });
}

Napi::Value ModelWrap::pulse(const Napi::CallbackInfo& info) {
    const Pump::Pulse pulse = host_->engine().pulse();
    Napi::Object o = Napi::Object::New(info.Env());
    o.Set("busy", pulse.busy);
    o.Set("steps", static_cast<double>(pulse.steps));
    return o;
}

Napi::Value cancel_all(const Napi::CallbackInfo& info) {
    for (Host* host : info.Env().GetInstanceData<AddonState>()->hosts)
        host->engine().close_without_freeing();
    return info.Env().Undefined();
}

}  // namespace paligemma
