// What an Engine can be asked to do, each as a task for its pump. All but load and dispose answer
// through the engine's listener and end with one on_done or on_error.
#pragma once
#include <memory>

#include "engine/engine.h"
#include "engine/pump.h"

namespace paligemma {

using TaskPtr = std::shared_ptr<Task>;

TaskPtr load_task(uint64_t id, Engine& engine, LoadParams params);
enum class Answer { Yes, No };
// Frees the model; answers only when somebody is left to read it.
TaskPtr dispose_task(uint64_t id, Engine& engine, Answer answer);
TaskPtr generate_task(uint64_t id, Engine& engine, GenerateParams params);
TaskPtr score_task(uint64_t id, Engine& engine, ScoreParams params);
TaskPtr encode_task(uint64_t id, Engine& engine, std::vector<uint8_t> image);
TaskPtr trace_task(uint64_t id, Engine& engine, TraceParams params);
TaskPtr decode_masks_task(uint64_t id, Engine& engine, std::vector<int32_t> codes);
TaskPtr encode_masks_task(uint64_t id, Engine& engine, std::vector<float> masks);

}  // namespace paligemma
