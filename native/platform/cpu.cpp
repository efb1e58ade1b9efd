#include "platform/cpu.h"

#include <cstdint>

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#define X86_64
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

// CPUID itself: __builtin_cpu_supports() is always false where the compiler's run-time library does
// not fill its table, as Zig's.
struct X86 {
    bool avx2 = false, avx_vnni = false;
    bool avx512 = false, avx512_vnni = false, avx512_bf16 = false, amx_bf16 = false;
};

#ifdef X86_64
struct Leaf {
    unsigned a = 0, b = 0, c = 0, d = 0;

    Leaf(unsigned number, unsigned part) { __get_cpuid_count(number, part, &a, &b, &c, &d); }
};

constexpr bool has(uint64_t bits, uint64_t wanted) {
    return (bits & wanted) == wanted;
}
constexpr uint64_t bit(int i) {
    return uint64_t{1} << i;
}

// The registers that the system saves: XCR0.
uint64_t saved_registers() {
    uint32_t low = 0, high = 0;
    asm("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return uint64_t{high} << 32 | low;
}

// Linux saves the registers of AMX only for a process that requests it.
bool may_use_tiles() {
#ifdef __linux__
    constexpr int REQUEST = 0x1023, TILE_DATA = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
    return syscall(SYS_arch_prctl, REQUEST, TILE_DATA) == 0;
#else
    return false;
#endif
}

// Intel's Software Developer's Manual, volume 2A, "CPUID": bit positions.
X86 ask() {
    constexpr int OSXSAVE = 27, F16C = 29, FMA = 12;  // leaf 1, ecx
    constexpr int AVX2 = 5, AVX512F = 16, AVX512DQ = 17, AVX512BW = 30, AVX512VL = 31;  // 7, ebx
    constexpr int AVX512_VNNI = 11;                                                     // 7, ecx
    constexpr int AMX_BF16 = 22, AMX_TILE = 24;                                         // 7, edx
    constexpr int AVX_VNNI = 4, AVX512_BF16 = 5;  // 7 part 1, eax
    constexpr uint64_t YMM = 0x6;                 // XCR0
#ifdef __APPLE__
    constexpr uint64_t ZMM = YMM;  // macOS sets the bits when a thread first uses the registers
#else
    constexpr uint64_t ZMM = 0xe6;
#endif
    X86 x;
    const Leaf one(1, 0), seven(7, 0), more(7, 1);
    const uint64_t saved = has(one.c, bit(OSXSAVE)) ? saved_registers() : 0;
    x.avx2 = has(saved, YMM) && has(one.c, bit(F16C) | bit(FMA)) && has(seven.b, bit(AVX2));
    x.avx_vnni = x.avx2 && has(more.a, bit(AVX_VNNI));
    x.avx512 = x.avx2 && has(saved, ZMM) &&
               has(seven.b, bit(AVX512F) | bit(AVX512DQ) | bit(AVX512BW) | bit(AVX512VL));
    x.avx512_vnni = x.avx512 && has(seven.c, bit(AVX512_VNNI));
    x.avx512_bf16 = x.avx512 && has(more.a, bit(AVX512_BF16));
    x.amx_bf16 = has(seven.d, bit(AMX_BF16) | bit(AMX_TILE));
    return x;
}

#else
X86 ask() {
    return {};
}
bool may_use_tiles() {
    return false;
}
#endif

// Cached: in a virtual machine every CPUID traps to the host.
const X86& x86() {
    static const X86 features = ask();
    return features;
}

}  // namespace

bool has_avx2() {
    return x86().avx2;
}
bool has_avx_vnni() {
    return x86().avx_vnni;
}
bool has_avx512() {
    return x86().avx512;
}
bool has_avx512_vnni() {
    return x86().avx512_vnni;
}
bool has_avx512_bf16() {
    return x86().avx512_bf16;
}
bool has_amx() {
    static const bool has =
        x86().avx512_vnni && x86().avx512_bf16 && x86().amx_bf16 && may_use_tiles();
    return has;
}
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

}  // namespace paligemma
