// The only place where JavaScript values become C++ structs and back, one file per kind of request.
// The shapes are those of src/native/contract.ts; values were validated there, here a wrong one is
// a bug of ours and throws OptionType.
#pragma once
#include <napi.h>

#include "addon/convert/values.h"
#include "compute/backend.h"
#include "compute/gguf_file.h"
#include "engine/engine.h"

namespace paligemma::js {

// load.cpp
LoadParams to_load_params(const Napi::Value& value);
Napi::Value from(Napi::Env env, const DeviceInfo& device);
Napi::Value from(Napi::Env env, const ModelMemory& memory);
Napi::Value from(Napi::Env env, const ModelInfo& info);

// generate.cpp
GenerateParams to_generate_params(const Napi::Value& value);
Napi::Value from(Napi::Env env, const TokenEvent& event);
Napi::Value from(Napi::Env env, const GenerateResult& result);
// What requests with a prompt share.
void read_prompt(const Napi::Object& object, PromptParams& params);
Napi::Object from_costs(Napi::Env env, const PromptCosts& costs);

// score.cpp
ScoreParams to_score_params(const Napi::Value& value);
Napi::Value from(Napi::Env env, const ScoreResult& result);

// trace.cpp
TraceParams to_trace_params(const Napi::Value& value);
Napi::Value from(Napi::Env env, const FeaturesResult& result);
Napi::Value from(Napi::Env env, const Taps& taps);

// outcome.cpp
Napi::Value from(Napi::Env env, const Outcome& outcome);

// gguf.cpp
Napi::Value from(Napi::Env env, const GgufFile& file);

// vocabulary.cpp
Napi::Value tokenize(const Napi::CallbackInfo& info, const Tokenizer& tokenizer);
Napi::Value detokenize(const Napi::CallbackInfo& info, const Tokenizer& tokenizer);
// NativeVocabulary, which owns the tokenizer.
Napi::Value from(Napi::Env env, const std::shared_ptr<const Tokenizer>& tokenizer);

}  // namespace paligemma::js
