#include "engine/requests/box_presence.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace paligemma {

BoxPresence::BoxPresence(const TokenIds& ids, const TokenSymbols& symbols,
                         std::function<bool(int32_t)> allows)
    : ids_(ids), symbols_(symbols), allows_(std::move(allows)) {
    if (ids.first_loc < 0) return;
    locs_.resize(TokenIds::N_LOC);
    std::iota(locs_.begin(), locs_.end(), ids.first_loc);
}

std::span<const int32_t> BoxPresence::box_tokens(bool is_first) const {
    return is_first ? std::span<const int32_t>(locs_) : symbols_.separators();
}

bool BoxPresence::begins_box(std::optional<int32_t> last, int32_t id) const {
    return std::ranges::binary_search(box_tokens(!last), id);
}

std::optional<float> BoxPresence::presence(std::optional<int32_t> last, const SampledToken& sampled,
                                           std::span<const float> logits) const {
    if (!allows_(ids_.eos)) return std::nullopt;
    // Only the end or a separator completes a label.
    if (last &&
        (ids_.is_loc_or_seg(*last) || (sampled.id != ids_.eos && !begins_box(last, sampled.id))))
        return std::nullopt;
    const auto probability = [&](int32_t id) { return std::exp(logits[id] - sampled.log_sum); };
    double box = 0;
    for (int32_t id : box_tokens(!last))
        if (allows_(id)) box += probability(id);
    if (box <= 0) return std::nullopt;
    return static_cast<float>(box / (box + probability(ids_.eos)));
}

}  // namespace paligemma
