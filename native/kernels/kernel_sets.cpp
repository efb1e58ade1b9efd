#include "kernels/kernel_sets.h"

#include <algorithm>
#include <string>

#include "base/error.h"
#include "kernels/attention_tile.h"
#include "kernels/packed_weights.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include <cpuid.h>
#ifdef __linux__
#include <sys/syscall.h>
#include <unistd.h>
#endif
#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#elif defined(__APPLE__)
#include <sys/sysctl.h>
#endif

namespace paligemma {

namespace {

#if defined(__x86_64__) && defined(__GNUC__)
// __builtin_cpu_supports also asks whether the system saves the registers.
bool has_avx512() {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
}
bool has_avx512_vnni() {
    return has_avx512() && __builtin_cpu_supports("avx512vnni");
}
bool has_avx512_bf16() {
    return has_avx512() && __builtin_cpu_supports("avx512bf16");
}
bool has_avx2() {
    unsigned a = 0, b = 0, c = 0, d = 0;
    const bool has_f16c = __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_F16C) != 0;
    return has_f16c && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
bool has_avx_vnni() {
    constexpr unsigned AVX_VNNI = 1u << 4;  // of leaf 7.1, eax; not every compiler names it
    unsigned a = 0, b = 0, c = 0, d = 0;
    return has_avx2() && __get_cpuid_count(7, 1, &a, &b, &c, &d) != 0 && (a & AVX_VNNI) != 0;
}
// Linux keeps the registers of AMX for a process that asked for it; the threads it starts have
// them.
bool has_amx() {
#ifdef __linux__
    constexpr unsigned AMX_BF16 = 1u << 22, AMX_TILE = 1u << 24;  // of leaf 7, edx
    constexpr int REQUEST = 0x1023, TILE_DATA = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
    unsigned a = 0, b = 0, c = 0, d = 0;
    static const bool has = has_avx512_vnni() && has_avx512_bf16() &&
                            __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (d & AMX_BF16) != 0 &&
                            (d & AMX_TILE) != 0 && syscall(SYS_arch_prctl, REQUEST, TILE_DATA) == 0;
    return has;
#else
    return false;
#endif
}
#else
bool has_amx() {
    return false;
}
bool has_avx512() {
    return false;
}
bool has_avx512_vnni() {
    return false;
}
bool has_avx512_bf16() {
    return false;
}
bool has_avx2() {
    return false;
}
bool has_avx_vnni() {
    return false;
}
#endif

bool has_neon() {
#if defined(__aarch64__)
    return true;
#else
    return false;
#endif
}
bool has_neon_dotprod() {
#if defined(__aarch64__) && defined(__APPLE__)
    return true;  // all that Apple sold since the A13 and M1
#elif defined(__aarch64__) && defined(__linux__)
    constexpr unsigned long ASIMDDP = 1ul << 20;  // HWCAP_ASIMDDP of asm/hwcap.h
    return (getauxval(AT_HWCAP) & ASIMDDP) != 0;
#else
    return false;
#endif
}
// Products of 8-bit matrices.
bool has_neon_i8mm() {
#if defined(__aarch64__) && defined(__APPLE__)
    int has = 0;
    size_t size = sizeof(has);
    return sysctlbyname("hw.optional.arm.FEAT_I8MM", &has, &size, nullptr, 0) == 0 && has != 0;
#elif defined(__aarch64__) && defined(__linux__)
    constexpr unsigned long I8MM = 1ul << 13;  // HWCAP2_I8MM
    return (getauxval(AT_HWCAP2) & I8MM) != 0;
#else
    return false;
#endif
}

bool always() {
    return true;
}
bool without_i8mm() {
    return !has_neon_i8mm();
}

// MANY multiplies matrices; for few rows, which wait for the weights, the kernel that reads them as
// they are.
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
