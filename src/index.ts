/** The public surface; re-exports only. */
export { type ConvertedTensor, type ConvertReport, convert } from './convert/convert.js';
export { type Device, devices } from './devices.js';
export {
  EngineError,
  type ErrorCode,
  InputError,
  LifecycleError,
  ModelFileError,
  PaliGemmaError,
  ResourceError,
} from './errors.js';
export type { ImageInput, RawPixels } from './image-input.js';
export { type GgufInfo, inspect } from './inspect.js';
export {
  type ImageFeatures,
  type ModelInfo,
  type ModelSource,
  PaliGemma,
} from './model.js';
export { WEIGHT_TYPES, type WeightType } from './native/contract.js';
export type { ConvertOptions, ConvertProgress } from './options/convert.js';
export type { GenerateOptions } from './options/generate.js';
export type { EncodeOptions } from './options/image.js';
export type { DeviceName, LoadOptions, LoadProgress } from './options/load.js';
export {
  type Piece,
  type Prediction,
  PredictionStream,
  type Timings,
  type TokenLogprob,
  type Usage,
} from './prediction.js';
