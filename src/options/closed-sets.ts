/** Names that options share with files and the addon, where they cross as they are: these lists are the lists. */

/** Weight types a file may hold. The addon's `weightTypes()` must give the same list. */
export const WEIGHT_TYPES = ['f32', 'f16', 'bf16', 'q8_0', 'q6_k', 'q5_k', 'q4_k', 'q4_0'] as const;
export type WeightType = (typeof WEIGHT_TYPES)[number];

/** What may multiply on the CPU. The addon's `kernelSets()` must have the same names. */
export const KERNEL_SETS = ['auto', 'ggml', 'amx', 'avx512', 'avx2', 'neon'] as const;
export type KernelSet = (typeof KERNEL_SETS)[number];

/** Numbers of the key-value cache. */
export const KV_TYPES = ['f16', 'f32', 'q8_0'] as const;
export type KvType = (typeof KV_TYPES)[number];

/** What of a text counts where texts are compared. src/evaluation/metrics/profiles.ts has the rules. */
export const TEXT_PROFILES = ['roboflow-2024', 'strict', 'loose'] as const;
export type TextProfile = (typeof TEXT_PROFILES)[number];

/** Where the model runs. Other names are those of `devices()`, such as `CUDA1`. */
export type DeviceName = 'auto' | 'cpu' | 'cuda' | 'metal' | (string & {});
