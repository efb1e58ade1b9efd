// What all requests to a loaded model share.
#pragma once
#include <utility>

#include "engine/pump.h"
#include "engine/serving_model.h"

namespace paligemma {

// A request to a loaded model: owns the prefill stage while it needs it, answers through the
// listener.
class ModelRequest : public Request {
  public:
    ModelRequest(uint64_t id, Engine& engine) : Request(id), engine_(engine) {}
    void fail(const Error& error) override {
        leave_prefill();
        engine_.listener_.on_error(id, error);
    }

  protected:
    ServingModel& model() {
        if (!engine_.model_) throw Error(ErrorCode::Disposed, "no model is loaded", {});
        return *engine_.model_;
    }
    Listener& listener() { return engine_.listener_; }
    // The way to end other than fail(). A request may finish while it is still queued for prefill,
    // if its features are in the cache by now.
    Step finish(Outcome outcome) {
        leave_prefill();
        engine_.update_memory();
        engine_.listener_.on_done(id, std::move(outcome));
        return Step::Finished;
    }
    // See PrefillQueue.
    template <typename IsReady>
    bool enter_prefill(IsReady&& is_ready) {
        queued_ = true;
        return model().prefill_queue().enter(id, std::forward<IsReady>(is_ready));
    }
    // Also part of fail(), which runs on the posting thread when a request is refused: then it was
    // never queued and the model, which is the worker's, is not touched.
    void leave_prefill() {
        if (queued_) model().prefill_queue().leave(id);
        queued_ = false;
    }
    void check_image(const std::vector<uint8_t>& image) {
        const auto size = static_cast<size_t>(model().config().vision.image_size);
        if (image.size() != size * size * 3) {
            throw mismatch(ErrorCode::ImageCorrupt, "image",
                           std::to_string(image.size()) + " bytes",
                           std::to_string(size * size * 3) + " bytes");
        }
    }

  private:
    Engine& engine_;
    bool queued_ = false;
};

}  // namespace paligemma
