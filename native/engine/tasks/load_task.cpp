// Loading and freeing the model: the tasks that run alone.
#include "engine/loaded_model.h"
#include "engine/tasks/tasks.h"

namespace paligemma {

class LoadTask : public Task {
  public:
    LoadTask(uint64_t id, Engine& engine, LoadParams params)
        : Task(id), engine_(engine), params_(std::move(params)) {}

    Gate gate() const override { return Gate::Alone; }
    Step step() override {
        auto on_progress = [this, last = uint64_t{0}](uint64_t done, uint64_t total) mutable {
            // A hundred reports are enough for a progress bar.
            if (done < total && (done - last) * 100 < total) return;
            last = done;
            engine_.listener_.on_progress(id, done, total);
        };
        engine_.model_ = std::make_unique<LoadedModel>(params_, on_progress, cancel_flag);
        {
            std::lock_guard lock(engine_.mutex_);
            engine_.tokenizer_ = engine_.model_->tokenizer;
        }
        engine_.update_info();
        engine_.listener_.on_done(id, engine_.info());
        return Step::Finished;
    }
    void fail(const Error& error) override { engine_.listener_.on_error(id, error); }

  private:
    Engine& engine_;
    LoadParams params_;
};

class DisposeTask : public Task {
  public:
    DisposeTask(uint64_t id, Engine& engine, Answer answer)
        : Task(id), engine_(engine), answer_(answer) {}

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

TaskPtr load_task(uint64_t id, Engine& engine, LoadParams params) {
    return std::make_shared<LoadTask>(id, engine, std::move(params));
}

TaskPtr dispose_task(uint64_t id, Engine& engine, Answer answer) {
    return std::make_shared<DisposeTask>(id, engine, answer);
}

}  // namespace paligemma
