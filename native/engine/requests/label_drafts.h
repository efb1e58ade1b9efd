// Speculative decoding of labels: after a box the label can often be predicted, and its tokens are
// then verified in the same step as the box's last token.
#pragma once
#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace paligemma {

class LabelDrafts {
  public:
    LabelDrafts() = default;
    // `labels`: token ids of each label, none empty. `after`: loc and seg tokens before a label.
    LabelDrafts(std::vector<std::vector<int32_t>> labels, int after)
        : labels_(std::move(labels)),
          after_(after),
          last_label_(labels_.empty() ? 0 : labels_.size() - 1) {}

    // Call for every generated token; returns the tokens that probably follow it, at most `room`.
    // Predicts the next label: next in the list or a repeat, as was right last time.
    std::span<const int32_t> after(int32_t token, bool is_loc_or_seg, size_t room) {
        if (labels_.empty()) return {};
        if (is_loc_or_seg) {
            if (++n_special_ != after_) return {};
            const auto& label = labels_[(last_label_ + (advances_ ? 1 : 0)) % labels_.size()];
            return std::span(label).first(std::min(label.size(), room));
        }
        if (n_special_ > 0) learn(token);
        n_special_ = 0;
        return {};
    }

  private:
    // `token` is the first of a label.
    void learn(int32_t token) {
        for (size_t step = 0; step < labels_.size(); ++step) {
            const size_t i = (last_label_ + step) % labels_.size();
            if (labels_[i][0] != token) continue;
            advances_ = step > 0;
            last_label_ = i;
            return;
        }
    }

    std::vector<std::vector<int32_t>> labels_;
    int after_ = 0;
    size_t last_label_ = 0;  // index of the label generated last; at first, so that 0 is predicted
    bool advances_ = true;   // it differed from the one before
    int n_special_ = 0;      // loc and seg tokens since the last other token
};

}  // namespace paligemma
