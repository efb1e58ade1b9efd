// Counts the basic blocks that the code under test has run (the compiler's
// -fsanitize-coverage=trace-pc), so that a test can distinguish linear from quadratic work on any
// machine under any load. Calls into the C library count as one.
#pragma once
#include <cstdint>

namespace paligemma::test {

uint64_t work_done();

#ifdef PALIGEMMA_COUNTS_WORK
constexpr bool COUNTS_WORK = true;
#else
constexpr bool COUNTS_WORK = false;
#endif

template <typename F>
uint64_t work_of(F&& run) {
    const uint64_t before = work_done();
    run();
    return work_done() - before;
}

}  // namespace paligemma::test
