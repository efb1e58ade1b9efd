/** What callbacks are called with while work goes on. */

/** How far loading has come. */
export interface LoadProgress {
  /** Bytes of weights read so far. */
  readonly loaded: number;
  /** Bytes of weights in all. */
  readonly total: number;
  /** `download` while a model comes from the hub; the bytes are those of the file then. */
  readonly phase: 'download' | 'load';
}

/** How far a conversion has come. */
export interface ConvertProgress {
  /**
   * `download`: a checkpoint on the hub comes into the cache; `write`: tensors are being written; `sync`: all are, the disk is
   * catching up; `done`: the file has its name.
   */
  readonly stage: 'download' | 'write' | 'sync' | 'done';
  /** GGUF name of the tensor the last bytes belong to; empty for the header and after the last tensor. */
  readonly tensor: string;
  /** Bytes of the output, or of what is downloaded; never shrinks within a stage. */
  readonly done: number;
  readonly total: number;
}
