/** What `paligemma doctor --json` prints. Sizes in bytes. */
import type { Device } from '../devices.js';
import type { NativeCpuVariant } from '../native/contract.js';

export interface DoctorReport {
  /** False when this package cannot work here; `hints` says what helps. */
  readonly ok: boolean;
  readonly version: string;
  readonly platform: {
    readonly os: string;
    readonly arch: string;
    /** `glibc 2.36`, `musl 1.2.3`; absent where there is one C library only. */
    readonly libc?: string;
    readonly node: string;
  };
  readonly cpu: {
    readonly model: string;
    readonly cores: number;
    /** Cores' worth of time that the control group grants; absent without a limit. */
    readonly quota?: number;
    /** Instruction sets that matter here. */
    readonly features: readonly string[];
  };
  readonly memory: {
    readonly total: number;
    /** What this process may still take: free memory, control group and address space counted. */
    readonly available?: number;
  };
  readonly addon: {
    readonly file?: string;
    /** `source`: compiled on this machine for this machine; `prebuilt`: came with the package. */
    readonly from?: 'source' | 'prebuilt';
    /** CPU backends beside a prebuilt addon. The highest score that is not 0 is chosen. */
    readonly variants: readonly NativeCpuVariant[];
    readonly error?: string;
  };
  readonly devices: readonly Device[];
  readonly nvidia: {
    readonly driver?: string;
    readonly jetson: boolean;
    /** Name of the installed GPU package. */
    readonly package?: string;
    readonly error?: string;
  };
  readonly models: readonly {
    readonly file: string;
    readonly bytes: number;
    readonly architecture?: string;
    readonly error?: string;
  }[];
  readonly selfTest: {
    /** The answer of the tiny model that comes with the package. */
    readonly tokens?: readonly number[];
    readonly milliseconds?: number;
    /** Bytes of weights by what multiplies them. */
    readonly kernels?: Readonly<Record<string, number>>;
    readonly error?: string;
  };
  readonly hints: readonly string[];
}
