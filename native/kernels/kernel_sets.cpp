#include "kernels/kernel_sets.h"

#include <algorithm>
#include <string>

#include "base/error.h"
#include "kernels/attention_tile.h"
#include "kernels/packed_weights.h"
#include "platform/cpu.h"

namespace paligemma {

namespace {

bool always() {
    return true;
}
bool without_i8mm() {
    return !has_neon_i8mm();
}

// MANY for matmuls of many rows; FEW for few rows, which are bound by memory, so the weights are
// read as they are packed.
template <const Kernel* (*MANY)(), const Kernel* (*FEW)()>
const Kernel* many_and_few() {
    if (FEW() == nullptr || MANY() == nullptr) return nullptr;
    static const std::string name = std::string(MANY()->name) + "+" + FEW()->name;
    static const Kernel kernel = [] {
        Kernel both = *FEW();
        both.name = name.c_str();
        both.for_many = MANY();
        both.node_flops = both.for_many->node_flops;
        return both;
    }();
    return &kernel;
}

// The sets, best first, and in each the best kernel of a type first. This is the only list: the
// names of the sets come from it.
struct Row {
    const char* set;
    ggml_type type;
    const Kernel* (*kernel)();
    bool (*on_this_cpu)();
    bool (*beats_ggml)() =
        always;  // else "auto" leaves it out: docs/performance.md has the reasons
};
constexpr Row KERNELS[] = {
    {"amx", GGML_TYPE_Q8_0, many_and_few<amx_q8_0, avx512_vnni_q8_0>, has_amx},
    {"amx", GGML_TYPE_Q4_0, many_and_few<amx_q4_0, avx512_vnni_q4_0>, has_amx},
    {"amx", GGML_TYPE_BF16, many_and_few<amx_bf16, avx512_bf16>, has_amx},
    {"avx512", GGML_TYPE_Q8_0, avx512_vnni_q8_0, has_avx512_vnni},
    {"avx512", GGML_TYPE_Q4_0, avx512_vnni_q4_0, has_avx512_vnni},
    {"avx512", GGML_TYPE_BF16, avx512_bf16, has_avx512_bf16},
    {"avx2", GGML_TYPE_Q8_0, avx2_vnni_q8_0, has_avx_vnni},
    {"avx2", GGML_TYPE_Q4_0, avx2_vnni_q4_0, has_avx_vnni},
    {"avx2", GGML_TYPE_Q8_0, avx2_q8_0, has_avx2},
    {"avx2", GGML_TYPE_Q4_0, avx2_q4_0, has_avx2},
    {"avx2", GGML_TYPE_BF16, avx2_bf16, has_avx2},
    {"avx2", GGML_TYPE_F16, avx2_f16, has_avx2},
    {"neon", GGML_TYPE_Q8_0, many_and_few<neon_i8mm_q8_0, neon_dotprod_q8_0>, has_neon_i8mm},
    {"neon", GGML_TYPE_Q4_0, many_and_few<neon_i8mm_q4_0, neon_dotprod_q4_0>, has_neon_i8mm},
    {"neon", GGML_TYPE_Q8_0, neon_dotprod_q8_0, has_neon_dotprod, without_i8mm},
    {"neon", GGML_TYPE_Q4_0, neon_dotprod_q4_0, has_neon_dotprod, without_i8mm},
    {"neon", GGML_TYPE_BF16, neon_bf16, has_neon},
    {"neon", GGML_TYPE_F16, neon_f16, has_neon},
};

struct AttentionRow {
    const char* set;
    const AttentionKernel* (*kernel)();
    bool (*on_this_cpu)();
};
constexpr AttentionRow ATTENTION_KERNELS[] = {
    {"amx", avx512_attention, has_amx},
    {"avx512", avx512_attention, has_avx512},
    {"avx2", avx2_attention, has_avx2},
    {"neon", neon_attention, has_neon},
};

// Null where the CPU or the compiler lacks the instructions.
auto usable(const auto& row) {
    return row.on_this_cpu() ? row.kernel() : nullptr;
}
bool is_in(const char* row_set, std::string_view set) {
    return set == "auto" || set == row_set;
}

}  // namespace

std::vector<KernelSet> kernel_sets() {
    std::vector<KernelSet> sets{{"auto", true}, {"ggml", true}};
    for (const Row& row : KERNELS) {
        if (sets.back().name != row.set) sets.push_back({row.set, false});
        if (usable(row) != nullptr) sets.back().available = true;
    }
    return sets;
}

void require_kernel_set(const std::string& set) {
    std::string names;
    for (const KernelSet& s : kernel_sets()) {
        if (!s.available) continue;
        if (s.name == set) return;
        names += (names.empty() ? "" : ", ") + s.name;
    }
    throw mismatch(ErrorCode::OptionRange, "kernels", set,
                   "what this CPU and this build have: " + names);
}

const Kernel* find_kernel(std::string_view set, ggml_type type, int64_t k, int64_t n) {
    if (!can_pack(type, k, n)) return nullptr;
    for (const Row& row : KERNELS) {
        if (row.type != type || !is_in(row.set, set)) continue;
        if (set == "auto" && !row.beats_ggml()) continue;
        if (const Kernel* kernel = usable(row)) return kernel;
    }
    return nullptr;
}

const AttentionKernel* find_attention_kernel(std::string_view set) {
    for (const AttentionRow& row : ATTENTION_KERNELS) {
        if (!is_in(row.set, set)) continue;
        if (const AttentionKernel* kernel = usable(row)) return kernel;
    }
    return nullptr;
}

std::vector<UsableKernel> usable_kernels() {
    std::vector<UsableKernel> kernels;
    for (const Row& row : KERNELS)
        if (const Kernel* kernel = usable(row)) kernels.push_back({row.set, row.type, kernel});
    return kernels;
}

std::vector<const AttentionKernel*> usable_attention_kernels() {
    std::vector<const AttentionKernel*> kernels;
    for (const AttentionRow& row : ATTENTION_KERNELS)
        if (const AttentionKernel* kernel = usable(row)) kernels.push_back(kernel);
    return kernels;
}

}  // namespace paligemma
