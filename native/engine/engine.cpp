#include "engine/engine.h"

#include "engine/requests/requests.h"
#include "engine/serving_model.h"
#include "platform/thread_state.h"

namespace paligemma {

const char* to_string(FinishReason reason) {
    switch (reason) {
        case FinishReason::Stop:
            return "stop";
        case FinishReason::Length:
            return "length";
        case FinishReason::Repetition:
            return "repetition";
    }
    return "";
}

Engine::Engine(Listener& listener, std::function<void()> start)
    : listener_(listener), pump_(std::move(start)) {}
Engine::~Engine() = default;

void Engine::load(uint64_t id, LoadParams params) {
    pump_.post(load_request(id, *this, std::move(params)));
}

void Engine::check_prompt(const PromptParams& params) {
    if (params.prompt.size() > MAX_PROMPT_BYTES) {
        throw mismatch(ErrorCode::PromptTooLong, "prompt",
                       std::to_string(params.prompt.size()) + " bytes",
                       "at most " + std::to_string(MAX_PROMPT_BYTES));
    }
}

void Engine::generate(uint64_t id, GenerateParams params) {
    check_prompt(params);
    pump_.post(generate_request(id, *this, std::move(params)));
}

void Engine::score(uint64_t id, ScoreParams params) {
    check_prompt(params);
    pump_.post(score_request(id, *this, std::move(params)));
}

void Engine::encode(uint64_t id, std::vector<uint8_t> image) {
    pump_.post(encode_request(id, *this, std::move(image)));
}

void Engine::trace(uint64_t id, TraceParams params) {
    pump_.post(trace_request(id, *this, std::move(params)));
}

void Engine::decode_masks(uint64_t id, std::vector<int32_t> codes) {
    pump_.post(decode_masks_request(id, *this, std::move(codes)));
}

void Engine::encode_masks(uint64_t id, std::vector<float> masks) {
    pump_.post(encode_masks_request(id, *this, std::move(masks)));
}

void Engine::dispose(uint64_t id) {
    if (pump_.close(dispose_request(id, *this, Answer::Yes))) return;
    listener_.on_error(id, Error(ErrorCode::Disposed, "the model was disposed of before", {}));
}

void Engine::close() {
    pump_.close(dispose_request(0, *this, Answer::No));
}

void Engine::run() {
    const FloatScope floats;
    const TileScope tiles;
    pump_.run();
}

std::shared_ptr<const Tokenizer> Engine::tokenizer() const {
    std::lock_guard lock(mutex_);
    return tokenizer_;
}

ModelInfo Engine::info() const {
    std::lock_guard lock(mutex_);
    return info_;
}

ModelMemory Engine::memory() const {
    std::lock_guard lock(mutex_);
    return used_;
}

void Engine::update_memory() {
    const ModelMemory used = model_->used_memory();
    std::lock_guard lock(mutex_);
    used_ = used;
}

}  // namespace paligemma
