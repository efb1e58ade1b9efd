// The kernels for AVX-VNNI, compiled to AVX-512's encoding of the same instruction, under other
// names: a CPU that has the one often lacks the other, and the arithmetic is the same.
#define avx2_vnni_q8_0 evex_vnni_q8_0
#define avx2_vnni_q4_0 evex_vnni_q4_0
#include "kernels/avx2_vnni.cpp"
