// Working memory of one thread, and what a node does when there is none.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

namespace paligemma {

// Grows and is kept: a thread computes the same shapes again and again.
class Scratch {
  public:
    // Room for n floats, uninitialised; aligned to a cache line.
    float* get(size_t n) {
        if (n > size_) {
            data_.reset(static_cast<float*>(::operator new[](n * sizeof(float), LINE)));
            size_ = n;
        }
        return data_.get();
    }

  private:
    static constexpr std::align_val_t LINE{64};
    struct Free {
        void operator()(float* p) const { ::operator delete[](p, LINE); }
    };
    std::unique_ptr<float[], Free> data_;
    size_t size_ = 0;
};

// How often a thread found no memory for a node; Backend::compute checks whether it grew.
inline std::atomic<uint64_t> nodes_without_memory = 0;

// Runs one thread's part of a node. The threads are ggml's, so no exception may leave it.
template <typename Work>
void run_node(Work&& work) noexcept {
    try {
        work();
    } catch (const std::bad_alloc&) {
        ++nodes_without_memory;
    }
}

}  // namespace paligemma
