// Short one-off calls that need no model: inspect, load_vocabulary, resize, quantize. Each is one item of libuv's
// threadpool and a promise.
#pragma once
#include <napi.h>

namespace paligemma {

Napi::Value inspect_file(const Napi::CallbackInfo& info);
Napi::Value load_vocabulary(const Napi::CallbackInfo& info);
Napi::Value resize_pixels(const Napi::CallbackInfo& info);
Napi::Value quantize_rows(const Napi::CallbackInfo& info);

}  // namespace paligemma
