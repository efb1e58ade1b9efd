#include "compute/weights.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <exception>
#include <functional>
#include <mutex>
#include <system_error>
#include <thread>

#include "base/error.h"
#include "kernels/kernel_sets.h"
#include "kernels/matmul.h"
#include "platform/memory.h"

namespace paligemma {

namespace {

constexpr uint64_t CHUNK_BYTES = 8u << 20;

std::string megabytes(uint64_t bytes) {
    return std::to_string((bytes + (1 << 20) - 1) >> 20) + " MiB";
}

ggml_type ggml_type_of(WeightType type) {
    return static_cast<ggml_type>(traits_of(type).gguf_id);
}

// Whether `backend` has a matmul for this weight in memory of `type`, with F32 activations. Asks
// with a throw-away node and a zero-sized buffer, as llama.cpp's loader does.
bool can_multiply(const Backend& backend, const WeightRequest& r, ggml_backend_buffer_type_t type) {
    ggml_context_ptr ctx(ggml_init(
        {.mem_size = 8 * ggml_tensor_overhead(), .mem_buffer = nullptr, .no_alloc = true}));
    ggml_tensor* w = ggml_new_tensor_2d(ctx.get(), ggml_type_of(r.tensor->type), r.tensor->ne[0],
                                        r.tensor->ne[1]);
    ggml_tensor* x = ggml_new_tensor_2d(ctx.get(), GGML_TYPE_F32, r.tensor->ne[0], 512);
    ggml_tensor* node = ggml_mul_mat(ctx.get(), w, x);
    ggml_backend_buffer_ptr buffer(ggml_backend_buft_alloc_buffer(type, 0));
    w->buffer = buffer.get();
    return ggml_backend_supports_op(backend.get(), node);
}

// Our kernels come first: on every CPU that has them they are faster than ggml's repacked types.
const Kernel* choose_kernel(const Backend& backend, const WeightRequest& r) {
    if (!backend.is_cpu() || !r.matmul || r.tensor->n_dims != 2) return nullptr;
    return find_kernel(r.kernels, ggml_type_of(r.tensor->type), r.tensor->ne[0], r.tensor->ne[1]);
}

ggml_backend_buffer_type_t choose_buffer_type(const Backend& backend, const WeightRequest& r,
                                              const Kernel* kernel) {
    // Measured on x86: repacked Q6_K is slower than plain Q6_K when decoding, and F16 gains
    // nothing.
    const bool repackable = kernel == nullptr && r.matmul && r.tensor->n_dims == 2 &&
                            r.tensor->type != WeightType::Q6_K &&
                            r.tensor->type != WeightType::F16 && r.tensor->type != WeightType::F32;
    if (repackable)
        for (auto* type : backend.weight_buffer_types())
            if (type != backend.default_buffer_type() && can_multiply(backend, r, type))
                return type;
    return backend.default_buffer_type();
}

// A weight and our kernel for it, if any, which is chosen once.
struct PlannedWeight {
    const WeightRequest* request;
    const Kernel* kernel;
};

void require_finite(const WeightRequest& r, const uint8_t* data, uint64_t n_bytes) {
    const auto& t = traits_of(r.tensor->type);
    const int64_t n = static_cast<int64_t>(n_bytes / t.block_bytes * t.block_size);
    std::vector<float> values(n);
    if (r.tensor->type == WeightType::F32) {
        std::memcpy(values.data(), data, n_bytes);
    } else {
        ggml_get_type_traits(ggml_type_of(r.tensor->type))->to_float(data, values.data(), n);
    }
    for (float f : values) {
        if (!std::isfinite(f)) {
            throw Error(ErrorCode::ModelCorrupt,
                        "tensor " + r.name + " holds " + (std::isnan(f) ? "NaN" : "infinity"),
                        {.name = r.name,
                         .found = std::isnan(f) ? "NaN" : "infinity",
                         .expected = "finite values",
                         .hint = "the file is damaged; fetch or convert it again"});
        }
    }
}

// Fills tensors from their files. Plain host memory is filled by several threads, as zeroing fresh
// pages, copying and packing take longer than the memory bandwidth alone would.
class Loader {
  public:
    Loader(const Backend& backend, bool check_values, uint64_t total,
           const std::function<void(uint64_t, uint64_t)>& on_progress,
           const std::atomic<int>& cancel)
        : backend_(backend),
          check_values_(check_values),
          total_(total),
          on_progress_(on_progress),
          cancel_(cancel) {}

    // Reorders `weights`. Progress is reported on this thread only.
    void load(ggml_backend_buffer_type_t type, std::vector<PlannedWeight>& weights,
              const std::unordered_map<std::string, ggml_tensor*>& tensors) {
        // The largest first, so that no thread is left alone with it at the end.
        std::ranges::stable_sort(weights, std::greater{}, [](const PlannedWeight& weight) {
            return weight.request->tensor->n_bytes;
        });
        std::atomic<size_t> next{0};
        std::mutex mutex;
        std::exception_ptr error;
        auto work = [&](bool reports) {
            try {
                std::vector<uint8_t> staging;
                for (size_t i = next++; i < weights.size(); i = next++)
                    fill(weights[i], tensors.at(weights[i].request->name), type, staging, reports);
            } catch (...) {
                std::lock_guard lock(mutex);
                if (!error) error = std::current_exception();
                failed_ = true;
            }
        };
        {
            std::vector<std::jthread> helpers;
            const int n_helpers = is_direct(type) ? backend_.n_threads() - 1 : 0;
            try {
                for (int i = 0; i < n_helpers; ++i) helpers.emplace_back(work, false);
            } catch (const std::system_error&) {
                // No more threads available: go on with these.
            }
            work(true);
        }
        if (error) std::rethrow_exception(error);
        on_progress_(done_, total_);
    }

  private:
    bool is_direct(ggml_backend_buffer_type_t type) const {
        return ggml_backend_buft_is_host(type) && type == backend_.default_buffer_type();
    }

    // Plain host memory is read into directly, repacked types take whole tensors, devices take
    // pieces.
    void fill(const PlannedWeight& weight, ggml_tensor* t, ggml_backend_buffer_type_t type,
              std::vector<uint8_t>& staging, bool reports) {
        const WeightRequest& r = *weight.request;
        const bool direct = is_direct(type), whole = type != backend_.default_buffer_type();
        const uint64_t n = r.tensor->n_bytes;
        const bool convert = r.force_f32 && r.tensor->type != WeightType::F32;
        // Chunks end at a row, so that each can be checked and converted by itself.
        const auto& traits = traits_of(r.tensor->type);
        const uint64_t row = r.tensor->ne[0] / traits.block_size * traits.block_bytes;
        const uint64_t step = whole || convert ? n : std::max(row, CHUNK_BYTES / row * row);
        for (uint64_t at = 0; at < n; at += step) {
            const uint64_t size = std::min(step, n - at);
            uint8_t* into = nullptr;
            if (direct && !convert) {
                into = static_cast<uint8_t*>(t->data) + at;
            } else {
                staging.resize(size);
                into = staging.data();
            }
            read(r, at, size, into, reports);
            if (check_values_) require_finite(r, into, size);
            if (convert) {
                std::vector<float> wide(ggml_nelements(t));
                ggml_get_type_traits(ggml_type_of(r.tensor->type))
                    ->to_float(into, wide.data(), ggml_nelements(t));
                ggml_backend_tensor_set(t, wide.data(), 0, ggml_nbytes(t));
            } else if (!direct) {
                ggml_backend_tensor_set(t, into, at, size);
            }
        }
        if (weight.kernel != nullptr) pack_weight(t, weight.kernel);
        r.file->drop_cache(r.tensor->offset, n);
        if (staging.capacity() > (64u << 20)) std::vector<uint8_t>().swap(staging);
    }

    // In chunks, also for a whole tensor, so that cancelling does not wait for all of it.
    void read(const WeightRequest& r, uint64_t at, uint64_t size, uint8_t* into, bool reports) {
        for (uint64_t part = 0; part < size; part += CHUNK_BYTES) {
            if (cancel_.load(std::memory_order_relaxed) != 0 || failed_)
                throw Error(ErrorCode::Aborted, "loading was aborted", {});
            const uint64_t length = std::min(CHUNK_BYTES, size - part);
            r.file->read(into + part, r.tensor->offset + at + part, length);
            const uint64_t done = done_ += length;
            if (reports) on_progress_(done, total_);
        }
    }

    const Backend& backend_;
    const bool check_values_;
    const uint64_t total_;
    const std::function<void(uint64_t, uint64_t)>& on_progress_;
    const std::atomic<int>& cancel_;
    std::atomic<uint64_t> done_{0};
    std::atomic<bool> failed_{false};
};

}  // namespace

Weights::Weights(Backend& backend, const std::vector<WeightRequest>& requests, bool check_values,
                 const std::function<void(uint64_t, uint64_t)>& on_progress,
                 const std::atomic<int>& cancel) {
    // Group by buffer type: one context and one buffer each.
    std::vector<std::pair<ggml_backend_buffer_type_t, std::vector<PlannedWeight>>> plan;
    uint64_t total = 0;
    for (const auto& r : requests) {
        const Kernel* kernel = choose_kernel(backend, r);
        auto* type = choose_buffer_type(backend, r, kernel);
        auto it = std::find_if(plan.begin(), plan.end(), [&](auto& p) { return p.first == type; });
        if (it == plan.end()) it = plan.insert(plan.end(), {type, {}});
        it->second.push_back({&r, kernel});
        total += r.tensor->n_bytes;
    }
    uint64_t needed = 0;
    for (auto& [type, members] : plan) {
        ggml_context_ptr ctx(ggml_init({.mem_size = ggml_tensor_overhead() * (members.size() + 1),
                                        .mem_buffer = nullptr,
                                        .no_alloc = true}));
        if (!ctx) throw Error(ErrorCode::OutOfMemory, "no memory for the tensor table", {});
        for (const auto& [r, kernel] : members) {
            const auto type_in_memory =
                r->force_f32 ? GGML_TYPE_F32 : ggml_type_of(r->tensor->type);
            ggml_tensor* t =
                ggml_new_tensor(ctx.get(), type_in_memory, r->tensor->n_dims, r->tensor->ne);
            ggml_set_name(t, r->name.c_str());
            tensors_[r->name] = t;
        }
        needed += ggml_backend_alloc_ctx_tensors_from_buft_size(ctx.get(), type);
        groups_.push_back({type, std::move(ctx), nullptr});
    }
    const uint64_t available = backend.is_cpu() ? available_memory() : backend.info().memory_free;
    if (available > 0 && needed > available) {
        throw Error(ErrorCode::OutOfMemory,
                    "the weights need " + megabytes(needed) + ", " + megabytes(available) +
                        " are available on " + backend.info().name,
                    {.name = "weights",
                     .found = megabytes(available),
                     .expected = megabytes(needed),
                     .remedy = Remedy::ConvertSmaller});
    }
    for (auto& group : groups_) {
        group.buffer.reset(ggml_backend_alloc_ctx_tensors_from_buft(group.ctx.get(), group.type));
        if (!group.buffer) {
            throw Error(
                ErrorCode::OutOfMemory,
                backend.info().name + " has no " + megabytes(needed) + " for the weights",
                {.name = "weights", .found = {}, .expected = megabytes(needed), .hint = {}});
        }
        ggml_backend_buffer_set_usage(group.buffer.get(), GGML_BACKEND_BUFFER_USAGE_WEIGHTS);
        use_huge_pages(group.buffer.get());
    }

    Loader loader(backend, check_values, total, on_progress, cancel);
    for (auto& [type, members] : plan) loader.load(type, members, tensors_);
}

ggml_tensor* Weights::get(const std::string& name) const {
    auto it = tensors_.find(name);
    if (it == tensors_.end())
        throw Error(ErrorCode::EngineInternal, "weight " + name + " was not loaded", {});
    return it->second;
}

uint64_t Weights::size() const {
    uint64_t n = 0;
    for (const auto& group : groups_) n += ggml_backend_buffer_get_size(group.buffer.get());
    return n;
}

std::map<std::string, uint64_t> Weights::kernels() const {
    std::map<std::string, uint64_t> result;
    for (const auto& [name, t] : tensors_) {
        const Kernel* kernel = kernel_of(t);
        result[kernel ? kernel->name
                      : ggml_backend_buft_name(ggml_backend_buffer_get_type(t->buffer))] +=
            ggml_nbytes(t);
    }
    return result;
}

}  // namespace paligemma
