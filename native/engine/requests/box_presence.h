// How probable one more box is where the answer could end as well.
#pragma once
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "models/config.h"
#include "sampling/grammar.h"
#include "sampling/sampler.h"

namespace paligemma {

class BoxPresence {
  public:
    // `ids` and `symbols` must outlive this. `allows`: whether a token may be sampled next.
    BoxPresence(const TokenIds& ids, const TokenSymbols& symbols,
                std::function<bool(int32_t)> allows);

    // P(box) / (P(box) + P(end)), where P(box) is the sum over all tokens that begin a box. A model
    // that hesitates between positions spreads it over many, so that the end can be the likeliest
    // token although a box is far likelier. nullopt where a box may not begin or the answer not
    // end. `last`: the token before, if any; `sampled`: the likeliest token, or one drawn.
    std::optional<float> presence(std::optional<int32_t> last, const SampledToken& sampled,
                                  std::span<const float> logits) const;
    // Whether token `id` begins a box when it follows `last`.
    bool begins_box(std::optional<int32_t> last, int32_t id) const;

  private:
    // Ascending: loc tokens at the beginning of an answer, separators later.
    std::span<const int32_t> box_tokens(bool is_first) const;

    const TokenIds& ids_;
    const TokenSymbols& symbols_;
    std::function<bool(int32_t)> allows_;
    std::vector<int32_t> locs_;  // all loc tokens
};

}  // namespace paligemma
