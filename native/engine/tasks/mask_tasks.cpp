#include <span>

#include "engine/tasks/request_task.h"
#include "engine/tasks/tasks.h"

namespace paligemma {

namespace {

// Turns codes into masks or masks into codes, one in each step; needs no turn to prefill.
class MaskTask : public RequestTask {
  public:
    using RequestTask::RequestTask;

  protected:
    // Converts the next mask, `n_per_mask` numbers of `from`; true when all are in `to`.
    template <typename From, typename To, typename Convert>
    bool advance(const std::vector<From>& from, size_t n_per_mask, std::vector<To>& to,
                 Convert&& convert) {
        const std::span<const From> all(from);
        if (at_ == 0) model().mask_codec(cancel_flag).check(all);
        if (at_ < all.size()) {
            const std::vector<To> converted =
                convert(model().mask_codec(cancel_flag), all.subspan(at_, n_per_mask));
            to.insert(to.end(), converted.begin(), converted.end());
            at_ += n_per_mask;
        }
        return at_ == all.size();
    }

  private:
    size_t at_ = 0;
};

class DecodeMasksTask : public MaskTask {
  public:
    DecodeMasksTask(uint64_t id, Engine& engine, std::vector<int32_t> codes)
        : MaskTask(id, engine), codes_(std::move(codes)) {}

    Step step() override {
        const bool done = advance(
            codes_, MaskCodec::N_CODES, result_.data,
            [this](MaskCodec& codec, auto part) { return codec.decode(part, cancel_flag); });
        return done ? finish(std::move(result_)) : Step::More;
    }

  private:
    std::vector<int32_t> codes_;
    DecodedMasks result_;
};

class EncodeMasksTask : public MaskTask {
  public:
    EncodeMasksTask(uint64_t id, Engine& engine, std::vector<float> masks)
        : MaskTask(id, engine), masks_(std::move(masks)) {}

    Step step() override {
        const bool done = advance(
            masks_, MaskCodec::N_PIXELS, result_.codes,
            [this](MaskCodec& codec, auto part) { return codec.encode(part, cancel_flag); });
        return done ? finish(std::move(result_)) : Step::More;
    }

  private:
    std::vector<float> masks_;
    EncodedMasks result_;
};

}  // namespace

TaskPtr decode_masks_task(uint64_t id, Engine& engine, std::vector<int32_t> codes) {
    return std::make_shared<DecodeMasksTask>(id, engine, std::move(codes));
}

TaskPtr encode_masks_task(uint64_t id, Engine& engine, std::vector<float> masks) {
    return std::make_shared<EncodeMasksTask>(id, engine, std::move(masks));
}

}  // namespace paligemma
