/** A model below the public surface: given tokens with every intermediate, the mask codec. */
import type { NativeLoadParams, NativeModelInfo, NativeTaps } from '../../src/native/contract.js';
import { NativeSession } from '../../src/native/session.js';

const EXACT: NativeLoadParams = {
  paths: [],
  device: 'cpu',
  threads: { encode: 2, prefill: 2, decode: 2 },
  slots: 1,
  contextLength: 0,
  kvType: 'f32',
  exactGelu: true,
  kernels: 'auto',
  checkTensors: true,
  featureCacheBytes: 0,
  attentionSoftcap: null,
  finalSoftcap: null,
};

export class TracedModel {
  private constructor(
    private readonly session: NativeSession,
    readonly info: NativeModelInfo,
  ) {}

  static async load(path: string, overrides: Partial<NativeLoadParams> = {}): Promise<TracedModel> {
    const session = new NativeSession(1);
    const info = await session.request<NativeModelInfo>((model, id) =>
      model.load(id, { ...EXACT, ...overrides, paths: [path] }),
    );
    return new TracedModel(session, info);
  }

  /** `image`: interleaved RGB of the model's size. */
  trace(
    image: Uint8Array,
    prefix: readonly number[],
    suffix: readonly number[],
  ): Promise<NativeTaps> {
    return this.session.request<NativeTaps>((model, id) =>
      model.trace(id, { image, prefix: Int32Array.from(prefix), suffix: Int32Array.from(suffix) }),
    );
  }

  /** Codes [n, 16] -> [n, 64, 64]. */
  decodeMasks(codes: Int32Array, signal?: AbortSignal): Promise<Float32Array> {
    return this.session.request((model, id) => model.decodeMasks(id, codes), { signal });
  }

  /** Masks [n, 64, 64] -> codes [n, 16]. */
  encodeMasks(masks: Float32Array): Promise<Int32Array> {
    return this.session.request((model, id) => model.encodeMasks(id, masks));
  }

  dispose(): Promise<void> {
    return this.session.dispose();
  }
}
