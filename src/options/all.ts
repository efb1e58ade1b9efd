/** Every set of options that callers may pass. types.ts is made from it (scripts/check/option-types.mjs), so that editors show the texts. */
import { ANNOTATE_OPTIONS, DRAWING_OPTIONS, FILE_OPTIONS } from './annotate.js';
import { CONVERT_OPTIONS } from './convert.js';
import { ESTIMATE_OPTIONS, POWER_OPTIONS } from './estimate.js';
import { GENERATE_OPTIONS, SAMPLING_OPTIONS } from './generate.js';
import { HUB_OPTIONS, PULL_OPTIONS } from './hub.js';
import { ENCODE_OPTIONS, IMAGE_OPTIONS, PAGES_OPTIONS, PIXEL_OPTIONS } from './image.js';
import { LOAD_OPTIONS } from './load.js';
import { type Declarations, type Input, SIGNAL_OPTIONS } from './option.js';
import { MODEL_OPTIONS, SERVED_MODEL_OPTIONS, SERVER_OPTIONS } from './server.js';
import {
  ANSWER_OPTIONS,
  ASK_OPTIONS,
  BOXES_OPTIONS,
  CAPTION_OPTIONS,
  CLASSIFY_OPTIONS,
  COMPARE_OPTIONS,
  DETECT_OPTIONS,
  EXTRACT_OPTIONS,
  OCR_OPTIONS,
  REFER_OPTIONS,
  SEGMENT_OPTIONS,
  SWEEP_OPTIONS,
  VIDEO_TASK_OPTIONS,
} from './tasks.js';
import { FRAME_OPTIONS, VIDEO_OPTIONS } from './video.js';

interface OptionSet<D extends Declarations> {
  /** What the type is for, to follow "Options of". */
  readonly of: string;
  readonly declarations: D;
  /** Other types extend this one where they have all of its options. */
  readonly isGroup: boolean;
}

const group = <D extends Declarations>(of: string, declarations: D): OptionSet<D> => ({
  ...{ of, declarations },
  isGroup: true,
});
const call = <D extends Declarations>(method: string, declarations: D): OptionSet<D> => ({
  ...{ of: `\`${method}\``, declarations },
  isGroup: false,
});

/** By the name of the type; a group before the groups that it is part of. */
export const OPTION_TYPES = {
  SignalOptions: group('calls that can be aborted', SIGNAL_OPTIONS),
  PixelOptions: group('how pixels are read', PIXEL_OPTIONS),
  ImageOptions: group('how a picture is read', IMAGE_OPTIONS),
  EncodeOptions: group('`encode`, `prepare` and `score`', ENCODE_OPTIONS),
  SamplingOptions: group('how an answer is generated', SAMPLING_OPTIONS),
  AnswerOptions: group('tasks that generate text about pictures', ANSWER_OPTIONS),
  BoxesOptions: group('tasks that find boxes', BOXES_OPTIONS),
  FrameOptions: group('which frames of a clip are taken', FRAME_OPTIONS),
  ModelOptions: group('how a model is loaded', MODEL_OPTIONS),
  HubOptions: group('calls that may download a model', HUB_OPTIONS),
  DrawingOptions: group('`annotationSvg`', DRAWING_OPTIONS),
  FileOptions: group('`annotate` that concern the file', FILE_OPTIONS),
  EstimateOptions: group('figures with intervals', ESTIMATE_OPTIONS),
  PowerOptions: group('what a data set could show', POWER_OPTIONS),

  LoadOptions: call('PaliGemma.load', LOAD_OPTIONS),
  GenerateOptions: call('predict` and `stream', GENERATE_OPTIONS),
  CaptionOptions: call('caption', CAPTION_OPTIONS),
  AskOptions: call('ask', ASK_OPTIONS),
  OcrOptions: call('ocr', OCR_OPTIONS),
  DetectOptions: call('detect', DETECT_OPTIONS),
  SegmentOptions: call('segment', SEGMENT_OPTIONS),
  ReferOptions: call('refer', REFER_OPTIONS),
  CompareOptions: call('compare', COMPARE_OPTIONS),
  ClassifyOptions: call('classify', CLASSIFY_OPTIONS),
  ExtractOptions: call('extract', EXTRACT_OPTIONS),
  SweepOptions: call('sweep', SWEEP_OPTIONS),
  VideoTaskOptions: call('video', VIDEO_TASK_OPTIONS),
  VideoOptions: call('videoFrames', VIDEO_OPTIONS),
  PagesOptions: call('pages', PAGES_OPTIONS),
  AnnotateOptions: call('annotate', ANNOTATE_OPTIONS),
  PullOptions: call('pull', PULL_OPTIONS),
  ConvertOptions: call('convert', CONVERT_OPTIONS),
  ServedModelOptions: call('models', SERVED_MODEL_OPTIONS),
  ServerOptions: call('paligemma', SERVER_OPTIONS),
};

/** What callers may pass, inferred from the declarations: the types that are written out in types.ts. */
export type Inputs = {
  [K in keyof typeof OPTION_TYPES]: Input<(typeof OPTION_TYPES)[K]['declarations']>;
};
