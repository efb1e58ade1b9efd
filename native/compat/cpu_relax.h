// Force-included into ggml-cpu/ggml-cpu.c. ggml's barrier spins forever; with another process on
// the core that makes two threads 20 to 120 times slower. Here a wait spins for 40 us and then
// sleeps in steps of 20 us, or yields the core where the shortest sleep is milliseconds (Windows).
// The one-argument macro renames upstream's definition (its argument is the word void) and
// redirects its calls (empty argument), so that the vendored file stays as it is. Can go when
// ggml's own wait yields the core.
#pragma once
#include <stdint.h>
#include <time.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif
#ifdef _WIN32
__declspec(dllimport) int __stdcall SwitchToThread(
    void);  // windows.h comes later, as ggml wants it
#endif

enum { PALIGEMMA_SPIN_NS = 40000, PALIGEMMA_SLEEP_NS = 20000, PALIGEMMA_PAUSES_PER_CLOCK = 32 };

static inline uint64_t paligemma_clock_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

static inline void paligemma_cpu_relax(void) {
    static __thread uint32_t calls;
    static __thread uint64_t start, last;
#if defined(__x86_64__)
    _mm_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield" ::: "memory");
#endif
    if (++calls % PALIGEMMA_PAUSES_PER_CLOCK != 0) return;
    uint64_t now = paligemma_clock_ns();
    if (now - last > PALIGEMMA_SLEEP_NS) start = now;  // the first look at the clock in a new wait
    last = now;
    if (now - start > PALIGEMMA_SPIN_NS) {
#ifdef _WIN32
        SwitchToThread();
#else
        struct timespec t = {0, PALIGEMMA_SLEEP_NS};
        nanosleep(&t, 0);
#endif
        last = paligemma_clock_ns();
    }
}

#define PALIGEMMA_RELAX_ paligemma_cpu_relax()
#define PALIGEMMA_RELAX_void paligemma_upstream_cpu_relax(void)
#define ggml_thread_cpu_relax(x) PALIGEMMA_RELAX_##x
