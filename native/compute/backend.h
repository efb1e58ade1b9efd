// The devices ggml offers, and one opened device with its threads. Everything goes through ggml's
// registry, so the CPU, CUDA and Metal share this path, linked in or loaded as a library. Knows no
// network.
#pragma once
#include <ggml-cpp.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace paligemma {

struct DeviceInfo {
    std::string name;  // "CPU", "CUDA0"
    std::string description;
    std::string type;          // "cpu", "gpu", "igpu", "accel"
    uint64_t memory_free = 0;  // bytes, 0 when unknown
    uint64_t memory_total = 0;
    std::map<std::string, std::string> features;
};

// Asks for pages of 2 MiB, where the buffer is the host's and nothing is in it yet: small ones cost
// seconds of page faults for gigabytes of weights, and a translation for every row of a matrix.
void use_huge_pages(ggml_backend_buffer_t buffer);

// All devices of this build on this machine.
std::vector<DeviceInfo> list_devices();

// One device ready to compute. Used by one thread at a time.
class Backend {
  public:
    // `device`: "auto" (a GPU when there is one, else the CPU), "cpu", "cuda", "metal", or a device
    // name such as "CUDA1". Throws DeviceUnavailable with the devices there are.
    static std::unique_ptr<Backend> open(const std::string& device, int n_threads);
    ~Backend();
    Backend(const Backend&) = delete;
    Backend& operator=(const Backend&) = delete;

    ggml_backend_t get() const { return backend_.get(); }
    const DeviceInfo& info() const { return info_; }
    bool is_cpu() const { return info_.type == "cpu"; }
    int n_threads() const { return n_threads_; }

    // Buffer types for the weights of a matmul, best first: the CPU's extra types (AMX, repacked),
    // then plain memory.
    const std::vector<ggml_backend_buffer_type_t>& weight_buffer_types() const {
        return buffer_types_;
    }
    ggml_backend_buffer_type_t default_buffer_type() const { return buffer_types_.back(); }

    // Runs a graph whose tensors are allocated, about `flops` operations, on at most `n_threads`
    // (0: all). False when it was stopped: on the CPU it ends after the node at which it sees one
    // of `cancel` set. Throws OutOfMemory or EngineInternal.
    bool compute(ggml_cgraph* graph, double flops,
                 std::span<const std::atomic<int>* const> cancel = {}, int n_threads = 0);

  private:
    Backend() = default;

    ggml_backend_ptr backend_;
    DeviceInfo info_;
    int n_threads_ = 1;
    std::vector<ggml_backend_buffer_type_t> buffer_types_;
    ggml_backend_set_n_threads_t set_n_threads_ = nullptr;
    std::span<const std::atomic<int>* const> cancel_;
    std::unique_ptr<void, std::function<void(void*)>> threadpool_;
};

}  // namespace paligemma
