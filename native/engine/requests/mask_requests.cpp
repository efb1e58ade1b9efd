#include <span>

#include "engine/requests/model_request.h"
#include "engine/requests/requests.h"

namespace paligemma {

namespace {

// Turns codes into masks or masks into codes, one per step; independent of the prefill queue.
class MaskRequest : public ModelRequest {
  public:
    using ModelRequest::ModelRequest;

  protected:
    // Converts the next mask, `n_per_mask` elements of `from`; true when all are in `to`.
    template <typename From, typename To, typename Convert>
    bool advance(const std::vector<From>& from, size_t n_per_mask, std::vector<To>& to,
                 Convert&& convert) {
        const std::span<const From> all(from);
        if (at_ == 0) model().networks().mask_codec(cancel_flag).check(all);
        if (at_ < all.size()) {
            const std::vector<To> converted =
                convert(model().networks().mask_codec(cancel_flag), all.subspan(at_, n_per_mask));
            to.insert(to.end(), converted.begin(), converted.end());
            at_ += n_per_mask;
        }
        return at_ == all.size();
    }

  private:
    size_t at_ = 0;
};

class DecodeMasksRequest : public MaskRequest {
  public:
    DecodeMasksRequest(uint64_t id, Engine& engine, std::vector<int32_t> codes)
        : MaskRequest(id, engine), codes_(std::move(codes)) {}

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

class EncodeMasksRequest : public MaskRequest {
  public:
    EncodeMasksRequest(uint64_t id, Engine& engine, std::vector<float> masks)
        : MaskRequest(id, engine), masks_(std::move(masks)) {}

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

RequestPtr decode_masks_request(uint64_t id, Engine& engine, std::vector<int32_t> codes) {
    return std::make_shared<DecodeMasksRequest>(id, engine, std::move(codes));
}

RequestPtr encode_masks_request(uint64_t id, Engine& engine, std::vector<float> masks) {
    return std::make_shared<EncodeMasksRequest>(id, engine, std::move(masks));
}

}  // namespace paligemma
