// Owner of the prefill stage (encode and prefill), and the requests that wait for it, by arrival.
// One at a time, as there is one set of hidden tensors. Belongs to the pump's worker.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>

namespace paligemma {

class PrefillQueue {
  public:
    // True when the stage is request `id`'s. Else the request waits in order of arrival, which its
    // id is. `is_ready` is asked when its turn has come; while it returns false, no later request
    // may overtake.
    template <typename IsReady>
    bool enter(uint64_t id, IsReady&& is_ready) {
        if (owner_ == id) return true;
        waiting_.insert(id);
        if (owner_ || *waiting_.begin() != id || !is_ready()) return false;
        waiting_.erase(id);
        owner_ = id;
        return true;
    }
    // Ends the turn or the wait of `id`, if it had either.
    void leave(uint64_t id) {
        waiting_.erase(id);
        if (owner_ == id) owner_.reset();
    }

    bool is_busy() const { return owner_.has_value(); }
    // Requests that encode, prefill or wait for it.
    size_t size() const { return waiting_.size() + (owner_ ? 1 : 0); }

  private:
    std::optional<uint64_t> owner_;
    std::set<uint64_t> waiting_;
};

}  // namespace paligemma
