#include "compute/backend.h"

#include <ggml-cpu.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstring>
#include <latch>
#include <system_error>
#include <thread>

#include "base/error.h"
#include "compute/backend_loader.h"
#include "kernels/scratch.h"
#include "platform/memory.h"

namespace paligemma {

namespace {

constexpr double FLOPS_PER_THREAD = 2e8;

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

std::string type_name(enum ggml_backend_dev_type type) {
    switch (type) {
        case GGML_BACKEND_DEVICE_TYPE_CPU:
            return "cpu";
        case GGML_BACKEND_DEVICE_TYPE_GPU:
            return "gpu";
        case GGML_BACKEND_DEVICE_TYPE_IGPU:
            return "igpu";
        default:
            return "accel";
    }
}

DeviceInfo describe(ggml_backend_dev_t device) {
    DeviceInfo info;
    info.name = ggml_backend_dev_name(device);
    info.description = ggml_backend_dev_description(device);
    info.type = type_name(ggml_backend_dev_type(device));
    size_t free = 0, total = 0;
    ggml_backend_dev_memory(device, &free, &total);
    // ggml's CPU device reports the total as free.
    info.memory_free = info.type == "cpu" ? available_memory() : free;
    info.memory_total = total;
    ggml_backend_reg_t reg = ggml_backend_dev_backend_reg(device);
    auto features = reinterpret_cast<ggml_backend_get_features_t>(
        ggml_backend_reg_get_proc_address(reg, "ggml_backend_get_features"));
    if (features != nullptr) {
        for (auto* f = features(reg); f != nullptr && f->name != nullptr; ++f)
            info.features[f->name] = f->value;
    }
    return info;
}

// A GPU first, then an integrated one (which is what a Jetson reports), then the CPU.
ggml_backend_dev_t find_device(const std::string& wanted) {
    const size_t n = ggml_backend_dev_count();
    if (wanted == "auto") {
        for (auto type : {GGML_BACKEND_DEVICE_TYPE_GPU, GGML_BACKEND_DEVICE_TYPE_IGPU,
                          GGML_BACKEND_DEVICE_TYPE_CPU}) {
            if (ggml_backend_dev_t device = ggml_backend_dev_by_type(type)) return device;
        }
        return nullptr;
    }
    const std::string name = lower(wanted);
    for (size_t i = 0; i < n; ++i) {
        ggml_backend_dev_t device = ggml_backend_dev_get(i);
        if (lower(ggml_backend_dev_name(device)) == name) return device;
    }
    for (size_t i = 0; i < n; ++i) {
        ggml_backend_dev_t device = ggml_backend_dev_get(i);
        if (lower(ggml_backend_reg_name(ggml_backend_dev_backend_reg(device))) == name)
            return device;
    }
    return nullptr;
}

}  // namespace

void use_huge_pages(ggml_backend_buffer_t buffer) {
    if (ggml_backend_buffer_is_host(buffer))
        advise_huge_pages(ggml_backend_buffer_get_base(buffer),
                          ggml_backend_buffer_get_size(buffer));
}

std::vector<DeviceInfo> list_devices() {
    load_backends();
    std::vector<DeviceInfo> devices;
    for (size_t i = 0; i < ggml_backend_dev_count(); ++i)
        devices.push_back(describe(ggml_backend_dev_get(i)));
    return devices;
}

namespace {

// ggml aborts when it cannot start a thread, so try first whether the system allows as many. Best
// effort: another process may take them in between.
void require_threads(int n) {
    std::latch go(1);
    std::vector<std::jthread> threads;
    try {
        for (int i = 1; i < n; ++i) threads.emplace_back([&go] { go.wait(); });
    } catch (const std::system_error&) {
        const size_t started = threads.size() + 1;
        go.count_down();
        throw mismatch(ErrorCode::OptionRange, "threads", std::to_string(n),
                       "at most " + std::to_string(started) + ", which the system allows now");
    }
    go.count_down();
}

}  // namespace

std::unique_ptr<Backend> Backend::open(const std::string& device, int n_threads) {
    load_backends();
    ggml_backend_dev_t dev = find_device(device);
    if (dev == nullptr) {
        std::string names;
        for (const auto& d : list_devices()) names += (names.empty() ? "" : ", ") + d.name;
        throw Error(
            ErrorCode::DeviceUnavailable,
            "device \"" + device + "\" is not there, expected auto or one of " + names,
            {.name = "device",
             .found = device,
             .expected = "auto or one of " + names,
             .hint = "GPU support is chosen when the addon is built, see docs/building.md"});
    }
    std::unique_ptr<Backend> backend(new Backend());
    backend->info_ = describe(dev);
    backend->n_threads_ = std::max(1, n_threads);
    backend->backend_.reset(ggml_backend_dev_init(dev, nullptr));
    if (!backend->backend_) {
        throw Error(
            ErrorCode::DeviceUnavailable, "device " + backend->info_.name + " does not start",
            {.name = "device", .found = backend->info_.description, .expected = {}, .hint = {}});
    }

    // CPU entry points are looked up by name: a backend loaded as a library has no symbols to link
    // against.
    ggml_backend_reg_t reg = ggml_backend_dev_backend_reg(dev);
    auto proc = [reg](const char* name) { return ggml_backend_reg_get_proc_address(reg, name); };
    auto extra = reinterpret_cast<ggml_backend_dev_get_extra_bufts_t>(
        proc("ggml_backend_dev_get_extra_bufts"));
    if (extra != nullptr)
        for (auto* type = extra(dev); type != nullptr && *type != nullptr; ++type)
            backend->buffer_types_.push_back(*type);
    backend->buffer_types_.push_back(ggml_backend_dev_buffer_type(dev));

    backend->set_n_threads_ =
        reinterpret_cast<ggml_backend_set_n_threads_t>(proc("ggml_backend_set_n_threads"));
    auto pool_new = reinterpret_cast<decltype(&ggml_threadpool_new)>(proc("ggml_threadpool_new"));
    auto pool_free =
        reinterpret_cast<decltype(&ggml_threadpool_free)>(proc("ggml_threadpool_free"));
    auto pool_set = reinterpret_cast<decltype(&ggml_backend_cpu_set_threadpool)>(
        proc("ggml_backend_cpu_set_threadpool"));
    if (pool_new != nullptr && pool_free != nullptr && pool_set != nullptr) {
        require_threads(backend->n_threads_);
        ggml_threadpool_params params = ggml_threadpool_params_default(backend->n_threads_);
        params.poll = 1;  // spin a moment between graphs, then sleep: an idle model costs nothing
        ggml_threadpool_t pool = pool_new(&params);
        if (pool == nullptr)
            throw Error(ErrorCode::OutOfMemory, "cannot start the compute threads", {});
        backend->threadpool_ = {
            pool, [pool_free](void* p) { pool_free(static_cast<ggml_threadpool_t>(p)); }};
        pool_set(backend->get(), pool);
    }
    if (auto set_abort = reinterpret_cast<ggml_backend_set_abort_callback_t>(
            proc("ggml_backend_set_abort_callback"))) {
        set_abort(
            backend->get(),
            [](void* data) {
                const auto& flags = static_cast<Backend*>(data)->cancel_;
                return std::any_of(flags.begin(), flags.end(), [](const std::atomic<int>* flag) {
                    return flag->load(std::memory_order_relaxed) != 0;
                });
            },
            backend.get());
    }
    return backend;
}

Backend::~Backend() {
    // The backend refers to the pool, so it is freed first.
    backend_.reset();
}

bool Backend::compute(ggml_cgraph* graph, double flops,
                      std::span<const std::atomic<int>* const> cancel, int n_threads) {
    cancel_ = cancel;
    // Threads synchronise after every node. With little work that costs more than it saves, and far
    // more when another process keeps a core busy: on the 10 M demo model a token took 7 ms instead
    // of 0.9.
    if (set_n_threads_ != nullptr) {
        const int worth = 1 + static_cast<int>(std::min(flops / FLOPS_PER_THREAD, 1e6));
        set_n_threads_(
            backend_.get(),
            std::min(n_threads > 0 ? std::min(n_threads, n_threads_) : n_threads_, worth));
    }
    const uint64_t before = nodes_without_memory;
    const ggml_status status = ggml_backend_graph_compute(backend_.get(), graph);
    if (nodes_without_memory != before)
        throw Error(ErrorCode::OutOfMemory, "a compute thread has no memory left to work in", {});
    switch (status) {
        case GGML_STATUS_SUCCESS:
            return true;
        case GGML_STATUS_ABORTED:
            return false;
        case GGML_STATUS_ALLOC_FAILED:
            throw Error(ErrorCode::OutOfMemory,
                        info_.name + " has no memory left for the computation", {});
        default:
            throw Error(ErrorCode::EngineInternal, info_.name + " failed to run a graph", {});
    }
}

}  // namespace paligemma
