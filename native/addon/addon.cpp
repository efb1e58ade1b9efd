// Module entry: what the addon exports, NativeBinding in src/native/contract.ts.
#include <napi.h>

#include "addon/convert/convert.h"
#include "addon/jobs.h"
#include "addon/js_error.h"
#include "addon/model_wrap.h"
#include "compute/backend.h"
#include "compute/backend_loader.h"
#include "compute/roofline.h"
#include "compute/weight_type.h"
#include "kernels/kernel_sets.h"
#include "platform/parent.h"

namespace paligemma {

namespace {

Napi::Value devices(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&] {
        Napi::Array array = Napi::Array::New(info.Env());
        for (const auto& device : list_devices())
            array.Set(array.Length(), js::from(info.Env(), device));
        return array;
    });
}

Napi::Value cpu_variant_list(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&] {
        Napi::Array array = Napi::Array::New(info.Env());
        for (const CpuVariant& variant : cpu_variants()) {
            Napi::Object o = Napi::Object::New(info.Env());
            o.Set("name", variant.name);
            o.Set("score", variant.score);
            o.Set("chosen", variant.chosen);
            array.Set(array.Length(), o);
        }
        return array;
    });
}

Napi::Value add_backend_library(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&] {
        add_backend(info[0].As<Napi::String>().Utf8Value());
        return info.Env().Undefined();
    });
}

Napi::Value end_with_parent(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&] {
        exit_with_parent(static_cast<int>(js::to_integer(info[0], "channel")));
        return info.Env().Undefined();
    });
}

Napi::Value weight_type_names(const Napi::CallbackInfo& info) {
    Napi::Array array = Napi::Array::New(info.Env());
    for (const auto& t : weight_types()) array.Set(array.Length(), std::string(t.name));
    return array;
}

Napi::Value kernel_set_flags(const Napi::CallbackInfo& info) {
    Napi::Object sets = Napi::Object::New(info.Env());
    for (const KernelSet& set : kernel_sets()) sets.Set(set.name, set.available);
    return sets;
}

Napi::Value error_codes(const Napi::CallbackInfo& info) {
    Napi::Array array = Napi::Array::New(info.Env());
    for (ErrorCode code : all_error_codes()) array.Set(array.Length(), to_string(code));
    return array;
}

Napi::Value remedies(const Napi::CallbackInfo& info) {
    Napi::Array array = Napi::Array::New(info.Env());
    for (Remedy remedy : all_remedies()) array.Set(array.Length(), to_string(remedy));
    return array;
}

Napi::Value roofline(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&] {
        const Roofline r = measure_roofline(info[0].As<Napi::Number>().Int32Value());
        Napi::Object peaks = Napi::Object::New(info.Env());
        for (const Peak& peak : r.peaks) {
            Napi::Object o = Napi::Object::New(info.Env());
            o.Set("kernel", peak.kernel);
            o.Set("opsPerSecond", peak.ops_per_s);
            peaks.Set(peak.type, o);
        }
        Napi::Object o = Napi::Object::New(info.Env());
        o.Set("readBytesPerSecond", r.read_bytes_per_s);
        o.Set("peaks", peaks);
        return o;
    });
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
    env.SetInstanceData(new AddonState());
    exports.Set("Model", ModelWrap::define(env));
    exports.Set("devices", Napi::Function::New(env, devices, "devices"));
    exports.Set("cpuVariants", Napi::Function::New(env, cpu_variant_list, "cpuVariants"));
    exports.Set("addBackend", Napi::Function::New(env, add_backend_library, "addBackend"));
    exports.Set("weightTypes", Napi::Function::New(env, weight_type_names, "weightTypes"));
    exports.Set("kernelSets", Napi::Function::New(env, kernel_set_flags, "kernelSets"));
    exports.Set("errorCodes", Napi::Function::New(env, error_codes, "errorCodes"));
    exports.Set("remedies", Napi::Function::New(env, remedies, "remedies"));
    exports.Set("inspect", Napi::Function::New(env, inspect_file, "inspect"));
    exports.Set("roofline", Napi::Function::New(env, roofline, "roofline"));
    exports.Set("loadVocabulary", Napi::Function::New(env, load_vocabulary, "loadVocabulary"));
    exports.Set("exitWithParent", Napi::Function::New(env, end_with_parent, "exitWithParent"));
    exports.Set("resize", Napi::Function::New(env, resize_pixels, "resize"));
    exports.Set("quantize", Napi::Function::New(env, quantize_rows, "quantize"));
    exports.Set("cancelAll", Napi::Function::New(env, cancel_all, "cancelAll"));
    return exports;
}

}  // namespace

}  // namespace paligemma

static Napi::Object paligemma_init(Napi::Env env, Napi::Object exports) {
    return paligemma::init(env, exports);
}
NODE_API_MODULE(paligemma, paligemma_init)
