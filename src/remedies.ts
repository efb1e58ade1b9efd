/**
 * What a caller can do about an error, in the words of each front. The engine and the library below the fronts send the
 * name of a remedy; an error has the words for programs, and a front that serves others puts its own in their place.
 * A further front is one entry of NAMES, and its words in those remedies that it says in its own.
 */

/** How a front names what callers pass. */
interface Names {
  readonly option: (name: string) => string;
  /** "set it", to end a sentence. */
  readonly set: (name: string) => string;
  /** The files of a model in two parts. */
  readonly parts: string;
}

const NAMES = {
  api: {
    option: (name) => name,
    set: (name) => `set ${name}`,
    parts: '{ text, mmproj }',
  },
  cli: {
    option: (name) => `--${kebab(name)}`,
    set: (name) => `use --${kebab(name)}`,
    parts: '--model FILE --mmproj FILE',
  },
  http: {
    option: (name) => name,
    set: (name) => `set ${name}`,
    parts: '{ file, mmproj }',
  },
} satisfies Record<string, Names>;

export type Front = keyof typeof NAMES;

/** What `front` says; `subject` is what the error is about. */
type Remedy = (front: Front, subject: string) => string;
type Words = string | ((subject: string) => string);

/** Words that differ by names only. */
const named =
  (words: (names: Names) => string): Remedy =>
  (front) =>
    words(NAMES[front]);
/** A front that has no words here uses those for programs. */
const remedy =
  (words: { readonly api: Words } & Partial<Readonly<Record<Front, Words>>>): Remedy =>
  (front, subject) => {
    const own = words[front] ?? words.api;
    return typeof own === 'string' ? own : own(subject);
  };

/** Compiling the addon: a command for users of every front, as nothing is loaded yet. */
export const BUILD_COMMAND = 'npx paligemma build';

/** The document has the address, which may change, and the licence. */
const MASK_CODEC_SOURCE = 'a file that Google publishes (docs/conversion.md says where)';

/** native/base/error.h has the names of those that the engine sends; a test compares. */
export const REMEDIES = {
  convert: remedy({
    api: 'convert the checkpoint to GGUF with convert({ source, output })',
    cli: 'convert the checkpoint to GGUF with: paligemma convert',
  }),
  'convert-original': remedy({
    api: 'convert the original checkpoint with convert({ source, output })',
    cli: 'use the original checkpoint and convert it with: paligemma convert',
  }),
  'convert-hub': remedy({
    api: (id) => `convert it to a file of your own: convert({ source: '${repoOf(id)}', output })`,
    cli: (id) => `convert it to a file of your own: paligemma convert ${repoOf(id)} model.gguf`,
  }),
  'convert-smaller': remedy({
    api: "use a smaller weight type (convert with type: 'q4_k') or a machine with more memory",
    cli: 'use a smaller weight type (paligemma convert --type q4_k) or a machine with more memory',
  }),
  'mask-codec': remedy({
    api: `convert the checkpoint again with maskCodec: 'vae-oid.npz', ${MASK_CODEC_SOURCE}`,
    cli: `convert the checkpoint again with --mask-codec vae-oid.npz, ${MASK_CODEC_SOURCE}`,
  }),
  'mask-codec-or-boxes': remedy({
    api: `convert the checkpoint again with maskCodec: 'vae-oid.npz', ${MASK_CODEC_SOURCE}; detect works without it`,
    cli: `convert the checkpoint again with --mask-codec vae-oid.npz, ${MASK_CODEC_SOURCE}; detect works without it`,
  }),
  pull: remedy({
    api: (name) => `call pull('${name}'), with neither offline nor HF_HUB_OFFLINE`,
    cli: (name) => `run paligemma pull ${name}, with neither offline nor HF_HUB_OFFLINE`,
  }),
  doctor: remedy({
    api: 'npx paligemma doctor shows what the library needs',
    cli: 'paligemma doctor shows what the library needs',
  }),
  'build-cuda': remedy({
    api: `${BUILD_COMMAND} --cuda compiles for it; load with device: 'cuda' says what is missing`,
    cli: `${BUILD_COMMAND} --cuda, or start with --device cuda to see why`,
  }),

  'name-vision-part': named(
    ({ parts }) => `pass its vision part, a file often named mmproj, as well: ${parts}`,
  ),
  'name-text-part': named(({ parts }) => `pass its language model as well: ${parts}`),
  'is-vision-part': named(
    ({ parts }) => `this is the vision part (mmproj); pass the language model as well: ${parts}`,
  ),
  'two-parts': named(({ parts }) => `of a model in two files: ${parts}`),
  'separate-labels': remedy({
    api: 'pass several labels as a list',
    cli: 'give each label by itself: --label cat --label dog',
    http: 'send several labels as a list, or the parameter several times',
  }),

  'draw-svg': remedy({
    api: 'draw it first: rsvg-convert drawing.svg -o drawing.png, or pass sharp(file, { density: 144 })',
    cli: 'draw it first: rsvg-convert drawing.svg -o drawing.png',
    http: 'draw it first: rsvg-convert drawing.svg -o drawing.png',
  }),
  'read-video': remedy({
    api: 'videoFrames reads films',
    cli: 'clips are for: paligemma video',
    http: 'send its frames as pictures, or an animated GIF or WebP',
  }),
  'decode-base64': remedy({
    api: "decode it first: Buffer.from(text, 'base64')",
    cli: 'decode it first: base64 -d FILE > picture',
    http: 'send it as a data URL: data:image/jpeg;base64,…',
  }),
  'serve-keys': remedy({
    api: 'set keys or keysFile, or withoutKeys for a network that you trust',
    cli: 'name a file of keys with --keys, or use --without-keys in a network that you trust',
  }),
  'find-model': remedy({
    api: 'check the path; a model on the hub is named hf:owner/repo',
    cli: 'check the path; paligemma list shows the models on this machine, and --model hf:owner/repo takes one from the hub',
  }),
  'name-model': remedy({
    api: 'name the path of a GGUF file, or try the demo model: npm install @node-paligemma/demo-model',
    cli: 'name one with --model or PALIGEMMA_MODEL, or try the demo model: npm install @node-paligemma/demo-model',
  }),

  'max-tokens': named(
    ({ option }) => `use a smaller ${option('maxTokens')}, a shorter prompt or fewer pictures`,
  ),
  'max-pixels': remedy({
    api: 'make it smaller or raise maxPixels',
    cli: 'make it smaller or raise --max-pixels',
    http: 'make it smaller',
  }),
  'max-queue': remedy({
    api: 'wait for some of them, or load the model with a larger maxQueue',
    cli: 'wait for some of them, or load the model with a larger --max-queue',
    http: 'try again later',
  }),
  // Only videoFrames has the option.
  timeout: remedy({
    api: 'raise timeoutMs',
    cli: 'cut a shorter clip out of it',
    http: 'cut a shorter clip out of it',
  }),
  'check-tensors': named(
    ({ option }) => `check the file with load option ${option('checkTensors')}`,
  ),
  'kv-type': remedy({ api: "load with kvType: 'f16'", cli: 'load with --kv-type f16' }),
  tokenizer: named(
    ({ set }) => `${set('tokenizer')}: big_vision publishes one as paligemma_tokenizer.model`,
  ),
  'tokenizer-elsewhere': named(
    ({ set }) =>
      `copy that of the base checkpoint there, or if it is elsewhere, ${set('tokenizer')}`,
  ),
  overwrite: named(({ set }) => `remove it, choose another name or ${set('overwrite')}`),
} satisfies Record<string, Remedy>;

export type RemedyName = keyof typeof REMEDIES;

/** An option as the subject of a sentence for `front`. One of a single word reads alike everywhere. */
export function optionName(front: Front, name: string): string {
  return /[A-Z]/.test(name) ? NAMES[front].option(name) : name;
}

/** `maxTokens` -> `max-tokens`. */
export function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** `hf:owner/repo:file@revision` without the file. */
function repoOf(id: string): string {
  return id.replace(/:[^:@]+(?=@|$)/, (part, at) => (at > 2 ? '' : part));
}
