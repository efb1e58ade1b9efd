// Loading and freeing the model: the requests that run alone.
#include "engine/requests/requests.h"
#include "engine/serving_model.h"

namespace paligemma {

class LoadRequest : public Request {
  public:
    LoadRequest(uint64_t id, Engine& engine, LoadParams params)
        : Request(id), engine_(engine), params_(std::move(params)) {}

    Gate gate() const override { return Gate::Alone; }
    Step step() override {
        auto on_progress = [this, last = uint64_t{0}](uint64_t done, uint64_t total) mutable {
            // A hundred reports are enough for a progress bar.
            if (done < total && (done - last) * 100 < total) return;
            last = done;
            engine_.listener_.on_progress(id, done, total);
        };
        engine_.model_ = std::make_unique<ServingModel>(params_, on_progress, cancel_flag);
        {
            std::lock_guard lock(engine_.mutex_);
            engine_.tokenizer_ = engine_.model_->tokenizer();
            engine_.info_ = engine_.model_->describe();
            engine_.used_ = engine_.info_.memory;
        }
        engine_.listener_.on_done(id, engine_.info());
        return Step::Finished;
    }
    void fail(const Error& error) override { engine_.listener_.on_error(id, error); }

  private:
    Engine& engine_;
    LoadParams params_;
};

class DisposeRequest : public Request {
  public:
    DisposeRequest(uint64_t id, Engine& engine, Answer answer)
        : Request(id), engine_(engine), answer_(answer) {}

    Gate gate() const override { return Gate::Alone; }
    Step step() override {
        engine_.model_.reset();
        if (answer_ == Answer::Yes) engine_.listener_.on_done(id, std::monostate{});
        return Step::Finished;
    }
    void fail(const Error& error) override {
        if (answer_ == Answer::Yes) engine_.listener_.on_error(id, error);
    }

  private:
    Engine& engine_;
    Answer answer_;
};

RequestPtr load_request(uint64_t id, Engine& engine, LoadParams params) {
    return std::make_shared<LoadRequest>(id, engine, std::move(params));
}

RequestPtr dispose_request(uint64_t id, Engine& engine, Answer answer) {
    return std::make_shared<DisposeRequest>(id, engine, answer);
}

}  // namespace paligemma
