#include "compute/roofline.h"

#include <ggml-cpp.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <latch>
#include <thread>

#include "base/error.h"
#include "compute/backend.h"
#include "kernels/kernel_sets.h"

namespace paligemma {

namespace {

// Per rate; short, so that it can be measured between other work.
constexpr double SECONDS = 0.1;

double now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

// Units per second of `work(thread)`, which all threads call repeatedly and which returns the units
// done.
template <typename Work>
double rate(int n_threads, Work&& work) {
    std::vector<double> rates(n_threads);
    std::latch ready(n_threads);
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < n_threads; ++i) {
            threads.emplace_back([&, i] {
                work(i);  // warms up
                ready.arrive_and_wait();
                const double begin = now();
                double units = 0, end = begin;
                while (end - begin < SECONDS) {
                    units += work(i);
                    end = now();
                }
                rates[i] = units / (end - begin);
            });
        }
    }
    double sum = 0;
    for (double r : rates) sum += r;
    return sum;
}

// For all threads together; larger than any cache.
constexpr size_t READ_BYTES = size_t{1} << 28;

double read_rate(int n_threads) {
    const size_t n = READ_BYTES / n_threads / sizeof(uint64_t) / 32 * 32;
    // In huge pages, like weights: those are read faster.
    ggml_backend_buffer_ptr buffer(ggml_backend_buft_alloc_buffer(
        ggml_backend_cpu_buffer_type(), n_threads * n * sizeof(uint64_t)));
    if (!buffer) throw Error(ErrorCode::OutOfMemory, "no memory to measure reading with", {});
    use_huge_pages(buffer.get());
    auto* memory = static_cast<uint64_t*>(ggml_backend_buffer_get_base(buffer.get()));
    std::memset(memory, 1, n_threads * n * sizeof(uint64_t));
    std::vector<uint64_t> sums(n_threads);
    return rate(n_threads, [&](int thread) {
        const uint64_t* p = memory + thread * n;
        uint64_t a[32] = {};
        for (size_t i = 0; i < n; i += 32)
            for (size_t j = 0; j < 32; ++j) a[j] ^= p[i + j];
        for (uint64_t x : a) sums[thread] ^= x;
        return static_cast<double>(n * sizeof(uint64_t));
    });
}

}  // namespace

Roofline measure_roofline(int n_threads) {
    Roofline roofline;
    n_threads = std::clamp(n_threads, 1, 256);
    roofline.read_bytes_per_s = read_rate(n_threads);
    for (ggml_type type : {GGML_TYPE_Q8_0, GGML_TYPE_Q4_0, GGML_TYPE_BF16, GGML_TYPE_F16}) {
        const Kernel* kernel = find_kernel("auto", type, 32, 16);
        if (kernel == nullptr) continue;
        if (kernel->for_many != nullptr) kernel = kernel->for_many;
        constexpr int64_t ROUNDS = 100'000;
        roofline.peaks.push_back({ggml_type_name(type), kernel->name,
                                  rate(n_threads, [&](int) { return kernel->peak(ROUNDS); })});
    }
    return roofline;
}

}  // namespace paligemma
