#include "engine/generator.h"
#include "engine/tasks/request_task.h"
#include "engine/tasks/tasks.h"

namespace paligemma {

namespace {

// One picture and given tokens, with every tensor on the way; for the tests against the reference.
class TraceTask : public RequestTask {
  public:
    TraceTask(uint64_t id, Engine& engine, TraceParams params)
        : RequestTask(id, engine), params_(std::move(params)) {}

    Gate gate() const override { return Gate::Alone; }
    Step step() override {
        check_image(params_.image);
        Taps taps;
        PictureEncoder encoder(model(), {params_.image}, cancel_flag, &taps);
        while (!encoder.step()) {
        }
        const int64_t n = model().config.vision.n_patches() +
                          static_cast<int64_t>(params_.prefix.size() + params_.suffix.size());
        resolve_max_tokens(model(), n, 0);
        Sequence sequence(model(), model().take_slot(n), encoder.features(), params_.prefix,
                          cancel_flag, &taps);
        while (!sequence.prefill_step()) {
        }
        for (int32_t token : params_.suffix) {
            sequence.append(token);
            sequence.logits();
        }
        return finish(std::move(taps));
    }

  private:
    TraceParams params_;
};

}  // namespace

TaskPtr trace_task(uint64_t id, Engine& engine, TraceParams params) {
    return std::make_shared<TraceTask>(id, engine, std::move(params));
}

}  // namespace paligemma
