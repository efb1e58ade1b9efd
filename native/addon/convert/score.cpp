#include "addon/convert/convert.h"

namespace paligemma::js {

ScoreParams to_score_params(const Napi::Value& value) {
    const Napi::Object o = to_object(value, "score params");
    ScoreParams p{};
    read_prompt(o, p);
    p.candidates = field(o, "candidates", to_texts);
    return p;
}

Napi::Value from(Napi::Env env, const ScoreResult& r) {
    Napi::Object o = from_costs(env, r);
    Napi::Array candidates = Napi::Array::New(env, r.candidates.size());
    for (uint32_t i = 0; i < r.candidates.size(); ++i) {
        Napi::Object candidate = Napi::Object::New(env);
        candidate.Set("tokens", from(env, r.candidates[i].tokens));
        candidate.Set("logprobs", from(env, r.candidates[i].logprobs));
        candidates.Set(i, candidate);
    }
    o.Set("candidates", candidates);
    return o;
}

}  // namespace paligemma::js
