/** The public surface; re-exports only. */
export { annotate } from './annotate/annotate.js';
export { annotationSvg } from './annotate/svg.js';
export { type ConvertedTensor, type ConvertReport, convert } from './convert/convert.js';
export { type Device, devices } from './devices.js';
export type { Health } from './engine/engine.js';
export type { Picture, PictureInput } from './engine/picture.js';
export {
  EngineError,
  type ErrorCode,
  HubError,
  InputError,
  LifecycleError,
  type LoadAttempt,
  type LoadFailure,
  ModelFileError,
  PaliGemmaError,
  PaliGemmaLoadError,
  RequestError,
  ResourceError,
} from './errors.js';
export { pull } from './hub/pull.js';
export { type PicturePage, pages } from './image-input/pages.js';
export type { ImageInput, RawPixels, RgbaPixels, SharpPipeline } from './image-input/source.js';
export { type VideoInput, videoFrames } from './image-input/video.js';
export { type GgufInfo, inspect } from './inspect.js';
export type { ImageFeatures, ModelInfo, Scores } from './model.js';
export type { Note } from './notes.js';
export type { ModelSource } from './options/arguments.js';
export { type DeviceName, WEIGHT_TYPES, type WeightType } from './options/closed-sets.js';
export type { ConvertProgress, LoadProgress } from './options/progress.js';
export type {
  AnnotateOptions,
  AskOptions,
  CaptionOptions,
  ClassifyOptions,
  CompareOptions,
  ConvertOptions,
  DetectOptions,
  DrawingOptions,
  EncodeOptions,
  ExtractOptions,
  GenerateOptions,
  LoadOptions,
  OcrOptions,
  PagesOptions,
  PullOptions,
  ReferOptions,
  SegmentOptions,
  ServedModelOptions,
  ServerOptions,
  SignalOptions,
  SweepOptions,
  VideoOptions,
  VideoTaskOptions,
} from './options/types.js';
export { PaliGemma } from './paligemma.js';
export {
  type Piece,
  type Prediction,
  PredictionStream,
  type Timings,
  type TokenLogprob,
  type Usage,
} from './prediction.js';
export { boxIou } from './results/box.js';
export { cropToMask } from './results/crop-to-mask.js';
export {
  type AnnotatedImage,
  type CocoAnnotation,
  type CocoDocument,
  type CocoResult,
  fromCocoAnnotations,
  fromCocoResults,
  toCocoAnnotations,
  toCocoResults,
} from './results/formats/coco.js';
export { fromPascalVoc, toPascalVoc } from './results/formats/pascal-voc.js';
export { fromRoboflow, toRoboflow } from './results/formats/roboflow.js';
export { fromNormalized, fromXyxy, toNormalized, toXyxy } from './results/formats/xyxy.js';
export { fromYolo, toYolo } from './results/formats/yolo.js';
export { Mask, maskIou, type Segment } from './results/mask.js';
export { decodeRle, type Rle } from './results/rle.js';
export type { Box, Detection, ImageSize } from './results/types.js';
export type { PromptAdvice, PromptSuggestion } from './tasks/advisor/advice.js';
export { advisePrompt, PromptAdvisor } from './tasks/advisor/advise.js';
export type { DetectedObject, LabelPresence } from './tasks/boxes.js';
export type { ClassifyResult, LabelProbability } from './tasks/classify.js';
export type { DetectResult, DetectRun } from './tasks/detect.js';
export type { ExtractResult, ExtractSchema, Field, FieldSpec } from './tasks/extract.js';
export type { Dropped } from './tasks/instances.js';
export { labelVariants } from './tasks/label-variants.js';
export {
  type ParsedDetection,
  type ParsedDetections,
  parseDetections,
} from './tasks/parse-detections.js';
export type { SegmentedObject, SegmentResult, SegmentRun } from './tasks/segment.js';
export type {
  BoxesSweep,
  ConsensusDetection,
  RobustResult,
  SweepResult,
  TextSweep,
} from './tasks/sweep.js';
export type { TaskRun } from './tasks/task-run.js';
export type { OcrResult, TaskResult, TextResult, TextRun, Word, YesNo } from './tasks/text.js';
export type { VideoResult, VideoTask } from './tasks/video.js';
