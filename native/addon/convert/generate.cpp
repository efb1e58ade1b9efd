#include <cmath>

#include "addon/convert/convert.h"

namespace paligemma::js {

void read_prompt(const Napi::Object& o, PromptParams& p) {
    const Napi::Object images = to_object(o.Get("images"), "images");
    const uint32_t n_images = images.Get("length").ToNumber().Uint32Value();
    for (uint32_t i = 0; i < n_images; ++i) p.images.push_back(copy_bytes(images.Get(i), "images"));
    p.prompt = field(o, "prompt", to_text);
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

Napi::Object from_costs(Napi::Env env, const PromptCosts& r) {
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
    Napi::Object o = from_costs(env, r);
    o.Set("finishReason", to_string(r.finish_reason));
    o.Set("endLogprob", number(env, r.end_logprob));
    if (!std::isnan(r.end_presence)) o.Set("endPresence", number(env, r.end_presence));
    o.Set("tail", r.tail);
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
        o.Set("locProbabilities", from(env, event.loc_probabilities));
    if (!std::isnan(event.presence)) o.Set("presence", number(env, event.presence));
    return o;
}

}  // namespace paligemma::js
