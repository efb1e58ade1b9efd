// Which kernels there are, by instruction set, and which of them this CPU can run. Option `kernels`
// names a set; what multiplies a weight is chosen here.
#pragma once
#include <ggml.h>

#include <string>
#include <string_view>
#include <vector>

#include "kernels/tile.h"

namespace paligemma {

struct AttentionKernel;

// What option `kernels` may be. "auto" takes the best kernel for each weight; "ggml" none of ours.
struct KernelSet {
    std::string name;
    bool available;  // to this CPU, in this build
};
std::vector<KernelSet> kernel_sets();

// Throws OptionRange with those that are available unless `set` is one of them.
void require_kernel_set(const std::string& set);

// The kernel of this set for weights [k, n] of this type, or null: then ggml multiplies them.
const Kernel* find_kernel(std::string_view set, ggml_type type, int64_t k, int64_t n);
// Null: ggml's products do it.
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
