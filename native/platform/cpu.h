// Instruction sets of this CPU whose registers the system saves. False if the compiler of this
// build has no support for them.
#pragma once

namespace paligemma {

bool has_avx2();  // with FMA and F16C
bool has_avx_vnni();
bool has_avx512();  // F, BW, DQ, VL
bool has_avx512_vnni();
bool has_avx512_bf16();
// With AVX-512 VNNI and BF16. Requests AMX's registers from the system, for threads started from
// now on.
bool has_amx();

bool has_neon();
bool has_neon_dotprod();
bool has_neon_i8mm();  // 8-bit matmul instructions

}  // namespace paligemma
