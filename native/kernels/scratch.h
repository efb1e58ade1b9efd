// Working memory of one thread.
#pragma once
#include <cstddef>
#include <memory>
#include <new>

namespace paligemma {

// Grows and stays: a thread does the same again and again.
class Scratch {
  public:
    // Room for n numbers, whatever is in them; begins with a line of the cache.
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

}  // namespace paligemma
