#include "engine/generator.h"
#include "engine/requests/model_request.h"
#include "engine/requests/requests.h"

namespace paligemma {

namespace {

// One picture to its image tokens.
class EncodeRequest : public ModelRequest {
  public:
    EncodeRequest(uint64_t id, Engine& engine, std::vector<uint8_t> image)
        : ModelRequest(id, engine), image_(std::move(image)) {}

    Step step() override {
        Features features;
        if (!encoder_) {
            check_image(image_);
            features = model().features().find(image_);
        }
        if (!features) {
            if (!enter_prefill([] { return true; })) return Step::Waiting;
            if (!encoder_)
                encoder_ = std::make_unique<PictureEncoder>(
                    model(), std::vector{std::span<const uint8_t>(image_)}, cancel_flag);
            if (!encoder_->step()) return Step::More;
            features = encoder_->features()[0];
            encoder_.reset();
            model().features().insert(std::move(image_), features);
        }
        return finish(FeaturesResult{*features, model().config().vision.n_patches(),
                                     model().config().text.n_embd});
    }

  private:
    std::vector<uint8_t> image_;
    std::unique_ptr<PictureEncoder> encoder_;
};

}  // namespace

RequestPtr encode_request(uint64_t id, Engine& engine, std::vector<uint8_t> image) {
    return std::make_shared<EncodeRequest>(id, engine, std::move(image));
}

}  // namespace paligemma
