// What an Engine can do, each as a request for its pump. All answer through the engine's listener
// and end with one on_done or on_error.
#pragma once
#include <memory>

#include "engine/engine.h"
#include "engine/pump.h"

namespace paligemma {

using RequestPtr = std::shared_ptr<Request>;

RequestPtr load_request(uint64_t id, Engine& engine, LoadParams params);
enum class Answer { Yes, No };
// Frees the model. Answer::No: no listener is left.
RequestPtr dispose_request(uint64_t id, Engine& engine, Answer answer);
RequestPtr generate_request(uint64_t id, Engine& engine, GenerateParams params);
RequestPtr score_request(uint64_t id, Engine& engine, ScoreParams params);
RequestPtr encode_request(uint64_t id, Engine& engine, std::vector<uint8_t> image);
RequestPtr trace_request(uint64_t id, Engine& engine, TraceParams params);
RequestPtr decode_masks_request(uint64_t id, Engine& engine, std::vector<int32_t> codes);
RequestPtr encode_masks_request(uint64_t id, Engine& engine, std::vector<float> masks);

}  // namespace paligemma
