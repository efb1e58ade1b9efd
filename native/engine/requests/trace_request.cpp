#include "engine/generator.h"
#include "engine/requests/model_request.h"
#include "engine/requests/requests.h"

namespace paligemma {

namespace {

// One picture and fixed tokens, with every intermediate; for the tests against the reference.
class TraceRequest : public ModelRequest {
  public:
    TraceRequest(uint64_t id, Engine& engine, TraceParams params)
        : ModelRequest(id, engine), params_(std::move(params)) {}

    Gate gate() const override { return Gate::Alone; }
    Step step() override {
        check_image(params_.image);
        Taps taps;
        PictureEncoder encoder(model(), {params_.image}, cancel_flag, &taps);
        while (!encoder.step()) {
        }
        const int64_t n = model().config().vision.n_patches() +
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

RequestPtr trace_request(uint64_t id, Engine& engine, TraceParams params) {
    return std::make_shared<TraceRequest>(id, engine, std::move(params));
}

}  // namespace paligemma
