#include "engine/feature_cache.h"

#include <algorithm>
#include <string_view>

namespace paligemma {

namespace {

uint64_t hash_of(std::span<const uint8_t> pixels) {
    return std::hash<std::string_view>{}(
        {reinterpret_cast<const char*>(pixels.data()), pixels.size()});
}

}  // namespace

Features FeatureCache::find(std::span<const uint8_t> pixels) {
    auto [begin, end] = index_.equal_range(hash_of(pixels));
    for (auto it = begin; it != end; ++it) {
        auto entry = it->second;
        if (std::ranges::equal(entry->pixels, pixels)) {
            entries_.splice(entries_.begin(), entries_, entry);
            return entry->features;
        }
    }
    return nullptr;
}

void FeatureCache::insert(std::vector<uint8_t> pixels, Features features) {
    Entry entry{hash_of(pixels), std::move(pixels), std::move(features)};
    if (entry.bytes() > max_bytes_ || find(entry.pixels)) return;
    bytes_ += entry.bytes();
    entries_.push_front(std::move(entry));
    index_.emplace(entries_.front().hash, entries_.begin());
    while (bytes_ > max_bytes_) {
        auto last = std::prev(entries_.end());
        auto [begin, end] = index_.equal_range(last->hash);
        for (auto it = begin; it != end; ++it) {
            if (it->second == last) {
                index_.erase(it);
                break;
            }
        }
        bytes_ -= last->bytes();
        entries_.pop_back();
    }
}

}  // namespace paligemma
