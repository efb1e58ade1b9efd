// Working memory of one thread.
#pragma once
#include <cstddef>
#include <memory>

namespace paligemma {

// Grows and stays: a thread does the same again and again.
class Scratch {
  public:
    // Room for n numbers, whatever is in them.
    float* get(size_t n) {
        if (n > size_) {
            data_.reset(new float[n]);
            size_ = n;
        }
        return data_.get();
    }

  private:
    std::unique_ptr<float[]> data_;
    size_t size_ = 0;
};

}  // namespace paligemma
