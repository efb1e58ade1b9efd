#include "addon/js_error.h"

namespace paligemma {

Napi::Error to_js_error(Napi::Env env, const Error& error) {
    Napi::Error js = Napi::Error::New(env, error.message());
    js.Set("code", Napi::String::New(env, to_string(error.code())));
    const ErrorFacts& facts = error.facts();
    if (!facts.name.empty()) js.Set("subject", Napi::String::New(env, facts.name));
    if (!facts.found.empty()) js.Set("found", Napi::String::New(env, facts.found));
    if (!facts.expected.empty()) js.Set("expected", Napi::String::New(env, facts.expected));
    if (!facts.hint.empty()) js.Set("hint", Napi::String::New(env, facts.hint));
    if (facts.remedy != Remedy::None)
        js.Set("remedy", Napi::String::New(env, to_string(facts.remedy)));
    return js;
}

}  // namespace paligemma
