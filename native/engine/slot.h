// What one running sequence needs for itself.
#pragma once
#include <memory>

#include "engine/kv_cache.h"

namespace paligemma {

struct Slot {
    Slot(Backend& backend, const TextConfig& config, ggml_type type)
        : cache(backend, config, type) {}
    KvCache cache;
    bool taken = false;
};

// A slot in use; free again when this goes.
struct SlotRelease {
    void operator()(Slot* slot) const { slot->taken = false; }
};
using SlotLease = std::unique_ptr<Slot, SlotRelease>;

}  // namespace paligemma
