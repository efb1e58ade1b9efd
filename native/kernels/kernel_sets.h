// Which kernels there are, by instruction set, and which of them this CPU can run. Option `kernels`
// names a set; the kernel for each weight is chosen here.
#pragma once
#include <ggml.h>

#include <string>
#include <string_view>
#include <vector>

#include "kernels/tile.h"

namespace paligemma {

struct AttentionKernel;

// Values of option `kernels`. "auto" takes the best kernel for each weight; "ggml" disables ours.
struct KernelSet {
    std::string name;
    bool available;  // on this CPU, in this build
};
std::vector<KernelSet> kernel_sets();

// Throws OptionRange with those that are available unless `set` is one of them.
void require_kernel_set(const std::string& set);

// The kernel of this set for weights [k, n] of this type, or null: then ggml multiplies them.
const Kernel* find_kernel(std::string_view set, ggml_type type, int64_t k, int64_t n);
// Null: attention by ggml's matmuls.
const AttentionKernel* find_attention_kernel(std::string_view set);

// All that this CPU can run, for tests.
struct UsableKernel {
    std::string_view set;
    ggml_type type;
    const Kernel* kernel;
};
std::vector<UsableKernel> usable_kernels();
std::vector<const AttentionKernel*> usable_attention_kernels();

}  // namespace paligemma
