// Text to token ids and back.
#include "addon/convert/convert.h"
#include "addon/js_error.h"
#include "text/detokenizer.h"

namespace paligemma::js {

Napi::Value tokenize(const Napi::CallbackInfo& info, const Tokenizer& tokenizer) {
    return from(info.Env(), tokenizer.encode(to_text(info[0], "text")));
}

Napi::Value detokenize(const Napi::CallbackInfo& info, const Tokenizer& tokenizer) {
    return Napi::String::New(info.Env(),
                             paligemma::detokenize(tokenizer.vocabulary(), to_ids(info[0], "ids")));
}

Napi::Value from(Napi::Env env, const std::shared_ptr<const Tokenizer>& tokenizer) {
    auto method = [&](const char* name, auto convert) {
        return Napi::Function::New(
            env,
            [tokenizer, convert](const Napi::CallbackInfo& info) {
                return guarded(info.Env(), [&] { return convert(info, *tokenizer); });
            },
            name);
    };
    Napi::Object o = Napi::Object::New(env);
    o.Set("tokenize", method("tokenize", tokenize));
    o.Set("detokenize", method("detokenize", detokenize));
    return o;
}

}  // namespace paligemma::js
