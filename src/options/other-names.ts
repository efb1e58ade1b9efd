/**
 * What users of other tools call our options: yolo (Ultralytics), llama.cpp, ollama, tesseract, transformers. Each front
 * has its own words for names that we have nothing like.
 */

export interface OtherName {
  /** In lower case, with `-` between words, a space between names. */
  readonly names: string;
  /**
   * Options of ours that do the same, with a value where one is meant; the first that there is is named. The command line
   * has the arguments of tasks among its options, under the name of one: `label`.
   */
  readonly ours: readonly string[];
}

export const OTHER_NAMES: readonly OtherName[] = [
  {
    names: 'conf threshold conf-threshold conf-thres confidence score score-threshold thresh',
    ours: ['minScore'],
  },
  { names: 'iou iou-thres iou-threshold nms nms-threshold', ours: ['duplicateIou'] },
  { names: 'imgsz img-size imagesize input-size resize size crop', ours: ['imageSize'] },
  {
    names:
      'classes class class-names labels category categories object objects text-labels candidate-labels',
    ours: ['label'],
  },
  { names: 'p prompt text instruction', ours: ['prompt', 'question', 'phrase'] },
  { names: 'q question query ask', ours: ['question', 'prompt'] },
  { names: 'weights checkpoint ckpt model-path model-id hf hf-repo hfr hf-file', ours: ['model'] },
  { names: 'mm mmproj-url clip-model', ours: ['mmproj'] },
  {
    names:
      'gpu gpus cuda use-gpu no-gpu cpu mps ngl n-gpu-layers gpu-layers dev main-gpu device-map',
    ours: ['device cuda', 'device'],
  },
  { names: 'quant outtype qtype', ours: ['type'] },
  { names: 'ctk cache-type-k ctv cache-type-v', ours: ['kvType'] },
  {
    names: 'n n-predict predict num-predict max-new-tokens max-length max-output-tokens',
    ours: ['maxTokens'],
  },
  { names: 'temp', ours: ['temperature'] },
  { names: 's rng-seed', ours: ['seed'] },
  { names: 'c ctx-size num-ctx n-ctx max-model-len', ours: ['contextLength'] },
  { names: 't n-threads num-threads num-thread tb threads-batch', ours: ['threads'] },
  { names: 'batch batch-size j jobs workers np parallel', ours: ['concurrency', 'slots'] },
  { names: 'vid-stride frame-stride', ours: ['stride'] },
  { names: 'frames num-frames n-frames', ours: ['count'] },
  { names: 'l lang langs', ours: ['language'] },
  { names: 'save-txt txt tsv hocr alto save-json', ours: ['format', 'jsonl'] },
  { names: 'save show view view-img visualize draw plot save-img', ours: ['annotate'] },
  { names: 'out output-file outfile output-dir project outdir save-dir', ours: ['output'] },
  { names: 'f prompt-file', ours: ['prompt "$(cat FILE)"', 'question "$(cat FILE)"'] },
  {
    names:
      'repeat-penalty presence-penalty frequency-penalty min-p typical mirostat num-beams beams do-sample',
    ours: ['temperature'],
  },
  { names: 'grammar grammar-file json-schema', ours: ['pattern'] },
  { names: 'r recurse', ours: ['recursive'] },
  { names: 'log-disable no-log silent no-display-prompt', ours: ['quiet'] },
  { names: 'save-transcript log-file', ours: ['output'] },
];

const BY_NAME = new Map(
  OTHER_NAMES.flatMap(({ names, ours }) => names.split(' ').map((name) => [name, ours] as const)),
);

/** The one of `options` that does what other tools call `name`. */
export function otherName(name: string, options: readonly string[]): string | undefined {
  const key = name
    .replace(/(?<=[a-z])(?=[A-Z])/g, '-')
    .replaceAll('_', '-')
    .toLowerCase();
  const ours = (BY_NAME.get(key) ?? []).flatMap((one) => one.split(' ', 1));
  return ours.find((one) => options.includes(one));
}
