// Reads a model file's tensors into the memory of a backend, each into the best buffer type that
// can run what it is used for. Their meaning is up to models/.
#pragma once
#include <ggml-cpp.h>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "compute/backend.h"
#include "compute/gguf_file.h"
#include "compute/model_file.h"

namespace paligemma {

struct WeightRequest {
    const ModelFile* file;
    const GgufTensor* tensor;
    std::string name;     // for get()
    bool matmul;          // used in a matmul: may be repacked
    bool force_f32;       // widen F16 and BF16 at load
    std::string kernels;  // the set our kernel may come from; "ggml" disables our kernels
};

class Weights {
  public:
    // `on_progress(read, total)` in bytes, on this thread. `cancel` is read between chunks
    // (Error Aborted). Throws OutOfMemory with needed and available bytes before anything is
    // allocated.
    Weights(Backend& backend, const std::vector<WeightRequest>& requests, bool check_values,
            const std::function<void(uint64_t, uint64_t)>& on_progress,
            const std::atomic<int>& cancel);

    ggml_tensor* get(const std::string& name) const;
    uint64_t size() const;
    // Bytes by what reads them, for info: the name of our kernel, else of ggml's buffer type.
    std::map<std::string, uint64_t> kernels() const;

  private:
    struct Group {
        ggml_backend_buffer_type_t type;
        ggml_context_ptr ctx;
        ggml_backend_buffer_ptr buffer;
    };
    std::vector<Group> groups_;
    std::unordered_map<std::string, ggml_tensor*> tensors_;
};

}  // namespace paligemma
