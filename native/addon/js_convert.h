// The only place where JavaScript values become C++ structs and back. The shapes are those of
// src/native/contract.ts; values were validated there, here a wrong one is a bug of ours and throws
// OptionType.
#pragma once
#include <napi.h>

#include <cstdint>
#include <span>
#include <vector>

#include "compute/backend.h"
#include "compute/gguf_file.h"
#include "engine/engine.h"

namespace paligemma::js {

uint64_t to_id(const Napi::Value& value);
std::string to_text(const Napi::Value& value, const char* name);
int64_t to_integer(const Napi::Value& value, const char* name);
std::span<const uint8_t> to_bytes(const Napi::Value& value, const char* name);
std::vector<uint8_t> copy_bytes(const Napi::Value& value, const char* name);
std::vector<int32_t> to_ids(const Napi::Value& value, const char* name);
std::vector<float> to_floats(const Napi::Value& value, const char* name);

LoadParams to_load_params(const Napi::Value& value);
GenerateParams to_generate_params(const Napi::Value& value);
ScoreParams to_score_params(const Napi::Value& value);
TraceParams to_trace_params(const Napi::Value& value);

Napi::Value from(Napi::Env env, const DeviceInfo& device);
Napi::Value from(Napi::Env env, const ModelInfo& info);
Napi::Value from(Napi::Env env, const TokenEvent& event);
Napi::Value from(Napi::Env env, const Outcome& outcome);
Napi::Value from(Napi::Env env, const GgufFile& file);
Napi::Value from(Napi::Env env, const std::vector<uint8_t>& bytes);
Napi::Value from(Napi::Env env, const std::vector<int32_t>& ids);

}  // namespace paligemma::js
