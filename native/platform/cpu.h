// Instructions that this CPU has and the system saves the registers of. False where the compiler of
// this build could not have made code for them.
#pragma once

namespace paligemma {

bool has_avx2();  // with FMA and F16C
bool has_avx_vnni();
bool has_avx512();  // F, BW, DQ, VL
bool has_avx512_vnni();
bool has_avx512_bf16();
// With AVX-512 VNNI and BF16. Asks the system for AMX's registers: threads started from now on have
// them.
bool has_amx();

bool has_neon();
bool has_neon_dotprod();
bool has_neon_i8mm();  // products of 8-bit matrices

}  // namespace paligemma
