/**
 * What users of other tools type: yolo (Ultralytics), llama.cpp, ollama, tesseract, transformers. One table each for
 * options, commands and words among the pictures, so that a message can name ours. Says nothing itself: see usage.ts.
 */
import { OTHER_NAMES } from '../options/other-names.js';
import { kebab } from '../remedies.js';

interface OtherOption {
  /** Without dashes, in lower case, with `-` for `_`, a space between them. */
  readonly names: string;
  /** Options of ours that do the same, with a value where one is meant; the first that the command has is named. */
  readonly ours?: readonly string[];
  /** Where no command has any of `ours`, or there is none. `NAME` is the command. */
  readonly say?: string;
}

const PICTURES = 'pictures are arguments: paligemma NAME photo.jpg';
const IN_THE_FILE = 'number types belong to the model file: paligemma convert --type q8_0';

/** Options that we have, and what to say to a command that has none of them, by the first of the names. */
const SAID_WITHOUT: ReadonlyMap<string, string> = new Map([
  [
    'imgsz',
    'each picture is resized to the size of the model; models of 448 and 896 pixels see smaller things',
  ],
  ['quant', IN_THE_FILE],
  ['l', 'text is read in whatever language it is written'],
]);

const OPTIONS: readonly OtherOption[] = [
  ...OTHER_NAMES.map(({ names, ours }) => {
    const say = SAID_WITHOUT.get(names.split(' ', 1)[0] ?? '');
    return { names, ours: ours.map(flagOf), ...(say !== undefined && { say }) };
  }),
  { names: 'image images img i source input file files picture photo mmimage', say: PICTURES },
  { names: 'audio', say: 'PaliGemma takes pictures only' },
  {
    names: 'half fp16 bf16 int8 dtype torch-dtype quantize quantization load-in-8bit load-in-4bit',
    say: IN_THE_FILE,
  },
  {
    names: 'max-det',
    say: 'as many as the answer holds are found; --max-tokens bounds the answer',
  },
  {
    names: 'psm oem dpi tessdata-dir user-words user-patterns',
    say: 'there is no layout analysis: PaliGemma reads what it sees in the whole picture',
  },
  {
    names: 'save-crop save-conf',
    say: 'the program has the boxes with --json; there are no crops',
  },
  {
    names: 'sys system system-prompt chat-template jinja conversation cnv no-cnv st single-turn',
    say: 'PaliGemma answers single prompts: it has no system prompt and no turns',
  },
  { names: 'fa flash-attn mlock no-mmap numa', say: 'it is chosen by itself; leave it out' },
  {
    names: 'v verbose debug log-verbosity vv',
    say: 'paligemma doctor shows what was chosen here, and why',
  },
  { names: 'no-stream nowordwrap', say: 'leave it out: an answer is written when it is complete' },
  {
    names: 'keepalive keep-alive',
    say: 'nothing runs in the background: many pictures in one call load the model once',
  },
  { names: 'verbose-prompt', say: 'paligemma tokenize shows the tokens of a prompt' },
  { names: 'trust-remote-code', say: 'no code is taken from models; leave it out' },
  {
    names: 'token hf-token api-key use-auth-token',
    say: 'the token comes from the environment, where others on the machine do not see it: HF_TOKEN=hf_… paligemma NAME',
  },
  { names: 'task mode', say: 'the task is the command: paligemma detect, paligemma caption, …' },
];

/** `minScore` -> `--min-score`. A value stays as it is. */
function flagOf(option: string): string {
  return option.replace(/^\S+/, (name) => `--${kebab(name)}`);
}

interface OtherCommand {
  readonly names: string;
  /** Commands of ours that do the same. */
  readonly ours?: readonly string[];
  readonly say?: string;
}

const COMMANDS: readonly OtherCommand[] = [
  { names: 'ls models tags', ours: ['list'] },
  { names: 'show info view gguf-dump', ours: ['inspect'] },
  { names: 'chat cli interactive repl', ours: ['run'] },
  { names: 'download get fetch clone', ours: ['pull'] },
  { names: 'env check diagnose status', ours: ['doctor'] },
  { names: 'export quantize import create convert-hf-to-gguf', ours: ['convert'] },
  { names: 'benchmark perf', ours: ['bench'] },
  { names: 'compile', ours: ['build'] },
  { names: 'describe image-to-text captioning', ours: ['caption'] },
  { names: 'read text extract-text image-text', ours: ['ocr'] },
  {
    names: 'vqa question answer visual-question-answering document-question-answering',
    ours: ['ask'],
  },
  { names: 'find locate yolo object-detection zero-shot-object-detection', ours: ['detect'] },
  { names: 'mask outline image-segmentation mask-generation', ours: ['segment'] },
  { names: 'cls image-classification zero-shot-image-classification', ours: ['classify'] },
  { names: 'image-text-to-text prompt complete completions infer inference', ours: ['predict'] },
  { names: 'video-text-to-text', ours: ['video'] },
  {
    names: 'rm remove delete uninstall',
    say: 'models are plain files: paligemma list says where they are, rm removes one',
  },
  {
    names: 'ps stop',
    say: 'nothing runs in the background: each command loads the model and ends',
  },
  { names: 'server start listen', ours: ['serve'] },
  {
    names: 'train finetune val tune',
    say: 'models are trained elsewhere, and taken in with paligemma convert',
  },
  {
    names: 'track',
    say: 'things are found in single pictures: paligemma detect; clips are described by paligemma video',
  },
  { names: 'push cp', say: 'models are plain files; the hub has a tool for uploads, hf upload' },
  {
    names: 'login whoami signin',
    say: 'a token in the environment is enough: HF_TOKEN=hf_… paligemma convert …',
  },
  {
    names: 'pose obb',
    say: 'PaliGemma finds boxes and masks: paligemma detect, paligemma segment',
  },
  { names: 'version', say: 'paligemma --version' },
  { names: 'update upgrade', say: 'npm brings newer versions: npm install node-paligemma@latest' },
];

/** Words among the pictures. */
const WORDS: readonly { readonly names: string; readonly say: string }[] = [
  { names: 'predict', say: 'the command alone says what to do: leave it out' },
  { names: 'stdout', say: 'results go to standard output by themselves: leave it out' },
  {
    names: 'out output result results',
    say: 'results go to standard output, or to the file of --output',
  },
  {
    names: '0 1 webcam camera screen',
    say: 'cameras are not read; another program takes the picture: ffmpeg -f v4l2 -i /dev/video0 -frames:v 1 -f image2pipe - | paligemma NAME -',
  },
  { names: 'tsv hocr alto txt pdf quiet', say: 'what is printed is chosen with an option: --help' },
];

function byName<R extends { readonly names: string }>(rows: readonly R[]): ReadonlyMap<string, R> {
  return new Map(rows.flatMap((row) => row.names.split(' ').map((name) => [name, row] as const)));
}

/** The tables by name, for tests as well. */
export const OTHER_OPTIONS = byName(OPTIONS);
export const OTHER_COMMANDS = byName(COMMANDS);
export const OTHER_WORDS = byName(WORDS);
