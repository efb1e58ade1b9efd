// What this machine can do at most: how fast threads read memory, how fast they multiply. A stage
// of the model cannot be faster than the one of the two it needs more of.
#pragma once
#include <string>
#include <vector>

namespace paligemma {

struct Peak {
    std::string type;    // "q8_0": the weights that its products are for
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
