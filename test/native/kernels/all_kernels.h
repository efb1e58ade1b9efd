// Every kernel that can run here, those included whose instructions are emulated.
#pragma once
#include <vector>

#include "kernels/amx_emulated.h"
#include "kernels/kernel_sets.h"
#include "platform/cpu.h"
#include "support/test.h"

namespace paligemma {

// avx2_vnni_emulated.cpp
const Kernel* emulated_vnni_q8_0();
const Kernel* emulated_vnni_q4_0();

namespace test {

// Each for any row count, also those for few.
inline std::vector<UsableKernel> all_kernels() {
    auto kernels = usable_kernels();
    for (UsableKernel& k : kernels)
        if (k.kernel->for_many != nullptr) k.kernel = k.kernel->for_many;
    if (emulated_amx_bf16() != nullptr) {
        kernels.push_back({"amx", GGML_TYPE_Q8_0, emulated_amx_q8_0()});
        kernels.push_back({"amx", GGML_TYPE_Q4_0, emulated_amx_q4_0()});
        kernels.push_back({"amx", GGML_TYPE_BF16, emulated_amx_bf16()});
    }
    if (has_avx2() && emulated_vnni_q8_0() != nullptr) {
        kernels.push_back({"avx2", GGML_TYPE_Q8_0, emulated_vnni_q8_0()});
        kernels.push_back({"avx2", GGML_TYPE_Q4_0, emulated_vnni_q4_0()});
    }
    if (kernels.empty()) left_out("none of our kernels runs here");
    return kernels;
}

}  // namespace test
}  // namespace paligemma
