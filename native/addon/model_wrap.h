// The JavaScript object that owns one Engine: NativeModel in src/native/contract.ts. Requests go in
// with an id, events come back through one dispatcher function; no user function is ever called
// from here.
#pragma once
#include <napi.h>

#include <memory>
#include <set>

namespace paligemma {

class Host;

// State of one Node environment (main thread or worker): no globals.
struct AddonState {
    std::set<Host*> hosts;  // of this environment, for cancelAll
};

class ModelWrap : public Napi::ObjectWrap<ModelWrap> {
  public:
    static Napi::Function define(Napi::Env env);

    explicit ModelWrap(const Napi::CallbackInfo& info);
    ~ModelWrap() override;

  private:
    void load(const Napi::CallbackInfo& info);
    void generate(const Napi::CallbackInfo& info);
    void score(const Napi::CallbackInfo& info);
    void encode(const Napi::CallbackInfo& info);
    void trace(const Napi::CallbackInfo& info);
    void decode_masks(const Napi::CallbackInfo& info);
    void encode_masks(const Napi::CallbackInfo& info);
    void cancel(const Napi::CallbackInfo& info);
    void dispose(const Napi::CallbackInfo& info);
    Napi::Value tokenize(const Napi::CallbackInfo& info);
    Napi::Value detokenize(const Napi::CallbackInfo& info);
    Napi::Value memory(const Napi::CallbackInfo& info);
    Napi::Value pulse(const Napi::CallbackInfo& info);

    // Runs `submit` with the id, between request_begin() and, if it throws, request_end().
    template <typename Submit>
    void request(const Napi::CallbackInfo& info, Submit&& submit);

    std::shared_ptr<Host> host_;
};

// Cancels every request of this environment; called when its process is about to exit.
Napi::Value cancel_all(const Napi::CallbackInfo& info);

}  // namespace paligemma
