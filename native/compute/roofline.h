// Upper bounds of this machine: memory bandwidth and multiply throughput. A stage of the model is
// bound by one of the two.
#pragma once
#include <string>
#include <vector>

namespace paligemma {

struct Peak {
    std::string type;    // "q8_0": of the weights
    std::string kernel;  // "avx512-vnni"
    double ops_per_s;    // a multiplication and an addition are two
};

struct Roofline {
    double read_bytes_per_s = 0;
    std::vector<Peak> peaks;  // of the kernels this CPU has
};

// Measures for about a tenth of a second each, with `n_threads` threads of its own. Throws
// OutOfMemory.
Roofline measure_roofline(int n_threads);

}  // namespace paligemma
