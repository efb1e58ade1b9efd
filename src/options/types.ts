/** Made by npm run format from the declarations beside this file (all.ts); do not edit. */

import type { OnNote } from '../notes.js';
import type { DeviceName } from './closed-sets.js';
import type { ConvertProgress, LoadProgress } from './progress.js';

/** Options of calls that can be aborted. */
export interface SignalOptions {
  /** Abort the call; it rejects with the reason of the signal. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of how pixels are read. */
export interface PixelOptions {
  /** Turn the picture upright as its EXIF orientation says. Default true. */
  readonly upright?: boolean | undefined;
  /**
   * What shows through transparent pictures; left out, transparency is dropped, as in training. Such as `#ffffff`,
   * `#000`.
   */
  readonly background?: string | undefined;
  /** Refuse larger pictures before they are decoded. Integer, 1 to 500,000,000 pixels. Default 50,000,000. */
  readonly maxPixels?: number | undefined;
}

/** Options of how a picture is read. */
export interface ImageOptions extends PixelOptions {
  /** Which page of a TIFF, or frame of an animation, counted from 0. Integer, 0 to 1,000,000. Default 0. */
  readonly page?: number | undefined;
}

/** Options of `encode`, `prepare` and `score`. */
export interface EncodeOptions extends ImageOptions, SignalOptions {}

/** Options of how an answer is generated. */
export interface SamplingOptions {
  /** Longest answer; left out, 256 or what still fits the context, whichever is less. Integer, 1 to 1,048,576 tokens. */
  readonly maxTokens?: number | undefined;
  /** How freely tokens are drawn; 0 always takes the most probable one. Number, 0 to 100. Default 0. */
  readonly temperature?: number | undefined;
  /** Draw from this many most probable tokens only; 0 turns it off. Integer, 0 to 1,000,000. Default 0. */
  readonly topK?: number | undefined;
  /**
   * Draw from the most probable tokens that together reach this probability; 1 turns it off. Number, above 0, up to
   * 1. Default 1.
   */
  readonly topP?: number | undefined;
  /**
   * Makes drawing repeatable; left out, every call with a temperature draws anew. Integer, 0 to
   * 9,007,199,254,740,991.
   */
  readonly seed?: number | undefined;
}

/** Options of tasks that generate text about pictures. */
export interface AnswerOptions extends EncodeOptions, SamplingOptions {}

/** Options of tasks that find boxes. */
export interface BoxesOptions {
  /** Let the model generate only what has the form of an answer. Default true. */
  readonly constrained?: boolean | undefined;
  /**
   * In a constrained answer, look for a box where the probability that there is one is at least this. Number, 0 to
   * 1. Default 0.8.
   */
  readonly minPresence?: number | undefined;
  /** Let the model generate only the labels that were asked for. Default false. */
  readonly restrictLabels?: boolean | undefined;
  /** Leave out what scores below this. Number, 0 to 1. Default 0. */
  readonly minScore?: number | undefined;
  /**
   * Of two boxes with one label that overlap more than this, keep the better one; 1 keeps both. Number, above 0, up
   * to 1. Default 0.7.
   */
  readonly duplicateIou?: number | undefined;
  /** Place each edge at the mean of the probabilities around it instead of the generated token. Default false. */
  readonly expectedBox?: boolean | undefined;
  /** Also return what the model calls by labels that were not asked for. Default false. */
  readonly extra?: boolean | undefined;
}

/** Options of which frames of a clip are taken. */
export interface FrameOptions {
  /** How many frames to take; a shorter clip is repeated from its start. Integer, 1 to 128 frames. Default 16. */
  readonly count?: number | undefined;
  /**
   * Take every n-th frame from the first on; left out, frames are spread evenly over the clip. Integer, 1 to
   * 1,000,000 frames.
   */
  readonly stride?: number | undefined;
  /**
   * Take so many frames per second of the clip; not with stride, nor for lists of pictures. Number, above 0, up to
   * 1,000 frames per second.
   */
  readonly fps?: number | undefined;
}

/** Options of how a model is loaded. */
export interface ModelOptions {
  /**
   * Where the model runs; auto takes a GPU when there is one that fits, else the CPU. Such as `auto`, `cpu`, `cuda`,
   * `metal`. Default `auto`.
   */
  readonly device?: DeviceName | undefined;
  /**
   * Threads that compute on the CPU; 0 takes one per physical core that the process may use, at most 8. Integer, 0
   * to 512. Default 0.
   */
  readonly threads?: number | undefined;
  /** Threads for encoding pictures; 0 takes `threads`. Integer, 0 to 512. Default 0. */
  readonly encodeThreads?: number | undefined;
  /** Threads for prefill, which reads the prompt; 0 takes `threads`. Integer, 0 to 512. Default 0. */
  readonly prefillThreads?: number | undefined;
  /**
   * Threads for decoding, which waits for memory more than it computes; 0 takes `threads`. Integer, 0 to 512.
   * Default 0.
   */
  readonly decodeThreads?: number | undefined;
  /** Requests that decode at the same time; each has its own key-value cache. Integer, 1 to 64. Default 4. */
  readonly slots?: number | undefined;
  /**
   * Requests that may run or wait at the same time; one more rejects with ERR_QUEUE_FULL. Integer, 1 to 1,000,000.
   * Default 1,024.
   */
  readonly maxQueue?: number | undefined;
  /**
   * Longest prompt and answer together, image tokens included; 0 takes that of the file. Integer, 0 to 1,048,576
   * tokens. Default 0.
   */
  readonly contextLength?: number | undefined;
  /**
   * Number type of the key-value cache; q8_0 takes about half the memory of f16 and is a little less exact. Default
   * `f16`.
   */
  readonly kvType?: 'f32' | 'f16' | 'q8_0' | undefined;
  /**
   * Which matmul kernels the CPU uses: the best of this package's that it can run, those for one instruction set, or
   * ggml's. Default `auto`.
   */
  readonly kernels?: 'auto' | 'ggml' | 'amx' | 'avx512' | 'avx2' | 'neon' | undefined;
  /** Compute GELU exactly instead of from a half-precision table; slower, for comparisons. Default false. */
  readonly exactGelu?: boolean | undefined;
  /** Refuse a file whose weights hold NaN or infinity; reads all of them once more. Default false. */
  readonly checkTensors?: boolean | undefined;
  /**
   * Where pictures are decoded and the model computes: with process in a child process, whose crash or hang is an
   * error, ERR_ENGINE_CRASHED, before a new child takes over. Default `none`.
   */
  readonly isolate?: 'none' | 'process' | undefined;
  /**
   * Child processes with the model in memory, for `isolate`; 2 keeps a spare that takes over at once. Integer, 1 to
   * 2. Default 1.
   */
  readonly engines?: number | undefined;
  /**
   * How long a child process may show no progress, for `isolate`, before it is killed and replaced. Integer, 1,000
   * to 3,600,000 ms. Default 20,000.
   */
  readonly hangMs?: number | undefined;
  /**
   * Memory for encoded pictures, so that further questions about one skip the encoder; 0 turns it off. Number, 0 to
   * 65,536 MiB. Default 64.
   */
  readonly featureCacheMb?: number | undefined;
  /** Soft-cap of the attention scores; left out, that of the file; 0 turns it off. Number, 0 to 1,000,000. */
  readonly attentionSoftcap?: number | null | undefined;
  /** Soft-cap of the logits; left out, that of the file; 0 turns it off. Number, 0 to 1,000,000. */
  readonly finalSoftcap?: number | null | undefined;
  /** Take a model of the hub from the cache only, without network; left out, as `HF_HUB_OFFLINE` is set. */
  readonly offline?: boolean | undefined;
}

/** Options of calls that may download a model. */
export interface HubOptions {
  /** Access token for a model on the hub; left out, `HF_TOKEN` or the file beside the cache. */
  readonly token?: string | undefined;
  /** Take a model of the hub from the cache only, without network; left out, as `HF_HUB_OFFLINE` is set. */
  readonly offline?: boolean | undefined;
}

/** Options of `annotationSvg`. */
export interface DrawingOptions {
  /** Colours to choose from, safe for the colour-blind: 7, 7, 10 and 9 of them. Default `okabe-ito`. */
  readonly palette?: 'okabe-ito' | 'tol-bright' | 'tol-muted' | 'tol-light' | undefined;
  /** Draw the boxes. Default true. */
  readonly showBoxes?: boolean | undefined;
  /** Draw the masks of segments. Default true. */
  readonly showMasks?: boolean | undefined;
  /** Write the labels. Default true. */
  readonly showLabels?: boolean | undefined;
  /** Write the scores after the labels. Default true. */
  readonly showScores?: boolean | undefined;
  /** Width of the lines; left out, it follows from the picture. Number, above 0, up to 1,000 pixels. */
  readonly lineWidth?: number | undefined;
  /**
   * Size of the letters; left out, it follows from the picture, and is smaller in crowded ones. Number, 1 to 1,000
   * pixels.
   */
  readonly fontSize?: number | undefined;
  /** How much a mask covers what is under it. Number, 0 to 1. Default 0.4. */
  readonly maskOpacity?: number | undefined;
}

/** Options of `annotate` that concern the file. */
export interface FileOptions {
  /** Kind of the file; svg embeds the picture as JPEG. Default `png`. */
  readonly format?: 'png' | 'jpeg' | 'webp' | 'svg' | undefined;
  /** Quality of JPEG and WebP, also of the JPEG inside an SVG. Integer, 1 to 100. Default 90. */
  readonly quality?: number | undefined;
  /** Text for a band under the picture, which makes the file higher; long lines are wrapped. */
  readonly caption?: string | undefined;
  /** Enlarge small pictures and add room along narrow ones, so that labels can be read. Default false. */
  readonly roomy?: boolean | undefined;
}

/** Options of figures with intervals. */
export interface EstimateOptions {
  /** Share of data sets whose intervals have the true figure in them. Number, above 0, up to 0.999. Default 0.95. */
  readonly level?: number | undefined;
  /**
   * How often rows are drawn again; left out, 10,000 times, or 1,000 where each draw of a metric is computed anew.
   * Integer, 100 to 100,000,000.
   */
  readonly draws?: number | undefined;
  /**
   * The same seed, rows and draws give the same bytes. Integer, -9,007,199,254,740,991 to 9,007,199,254,740,991.
   * Default 1.
   */
  readonly seed?: number | undefined;
  /** How an interval is made of the draws; left out, as the figure asks for. */
  readonly method?: 'bca' | 'percentile' | undefined;
  /** Abort; the call rejects with the reason of the signal. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of what a data set could show. */
export interface PowerOptions {
  /** Share of data sets whose intervals have the true figure in them. Number, above 0, up to 0.999. Default 0.95. */
  readonly level?: number | undefined;
  /** Probability that a difference of this size is shown. Number, above 0, up to 0.999. Default 0.8. */
  readonly power?: number | undefined;
}

/** Options of `PaliGemma.load`. */
export interface LoadOptions extends ModelOptions {
  /** Access token for a model on the hub; left out, `HF_TOKEN` or the file beside the cache. */
  readonly token?: string | undefined;
  /** Called while the weights are read. */
  readonly onProgress?: ((progress: LoadProgress) => void) | undefined;
  /**
   * Called with what a caller should know of a prompt, or of an engine that crashed, `{ code, message }`; left out,
   * `process.emitWarning` once for each code.
   */
  readonly onNote?: OnNote | undefined;
  /** Abort loading; it rejects with the reason of the signal. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of `predict` and `stream`. */
export interface GenerateOptions extends AnswerOptions {
  /** Report this many most probable tokens with each token. Integer, 0 to 20. Default 0. */
  readonly topLogprobs?: number | undefined;
  /** Regular expression that the whole answer must match; see docs/prompts.md for its syntax. */
  readonly pattern?: string | undefined;
  /** Report the probabilities of all 1024 loc tokens with each loc token, and the presence of boxes. Default false. */
  readonly locProbabilities?: boolean | undefined;
  /** Presence from which a box begins, else the answer ends; left out, the likeliest token decides. Number, 0 to 1. */
  readonly minPresence?: number | undefined;
  /** End an answer that repeats the same boxes. Default false. */
  readonly stopAtRepetition?: boolean | undefined;
}

/** Options of `caption`. */
export interface CaptionOptions extends AnswerOptions {
  /** Language code as the prompt names it. Such as `en`, `de`, `es`. Default `en`. */
  readonly language?: string | undefined;
  /** Alt text, a sentence, or a paragraph; mix checkpoints know the sentence best. Default `medium`. */
  readonly length?: 'short' | 'medium' | 'long' | undefined;
}

/** Options of `ask`. */
export interface AskOptions extends AnswerOptions {
  /** Language code as the prompt names it. Such as `en`, `de`, `es`. Default `en`. */
  readonly language?: string | undefined;
  /** Send the question alone, as checkpoints for documents and charts expect it. Default false. */
  readonly bare?: boolean | undefined;
  /** What the answer may look like; anything but "text" keeps the model to that form. Default `text`. */
  readonly kind?:
    | 'number'
    | 'integer'
    | 'text'
    | 'yes-no'
    | 'currency'
    | 'date'
    | 'time'
    | undefined;
}

/** Options of `ocr`. */
export type OcrOptions = AnswerOptions;

/** Options of `detect`. */
export interface DetectOptions extends AnswerOptions, BoxesOptions {
  /** Ask with singular, plural and article variants as well and keep what most agree on. Default false. */
  readonly robust?: boolean | undefined;
}

/** Options of `segment`. */
export interface SegmentOptions extends AnswerOptions, BoxesOptions {}

/** Options of `refer`. */
export interface ReferOptions extends AnswerOptions {
  /** Let the model generate only what has the form of an answer. Default true. */
  readonly constrained?: boolean | undefined;
  /**
   * In a constrained answer, look for a box where the probability that there is one is at least this. Number, 0 to
   * 1. Default 0.8.
   */
  readonly minPresence?: number | undefined;
  /** Place each edge at the mean of the probabilities around it instead of the generated token. Default false. */
  readonly expectedBox?: boolean | undefined;
}

/** Options of `compare`. */
export type CompareOptions = AnswerOptions;

/** Options of `classify`. */
export interface ClassifyOptions extends EncodeOptions {
  /** Language code as the prompt names it. Such as `en`, `de`, `es`. Default `en`. */
  readonly language?: string | undefined;
  /** The question that the labels answer. Default `What objects are in the image?`. */
  readonly question?: string | undefined;
  /** Count singular, plural and a capital first letter of a label as that label. Default true. */
  readonly variants?: boolean | undefined;
  /** Send the question alone, as checkpoints for documents and charts expect it. Default false. */
  readonly bare?: boolean | undefined;
}

/** Options of `extract`. */
export interface ExtractOptions extends AnswerOptions {
  /** Language code as the prompt names it. Such as `en`, `de`, `es`. Default `en`. */
  readonly language?: string | undefined;
  /** Send the question alone, as checkpoints for documents and charts expect it. Default false. */
  readonly bare?: boolean | undefined;
  /** Read 04/05/2024 as 4 May (day-first) or April 5 (month-first); left out, such a date is null. */
  readonly dateOrder?: 'day-first' | 'month-first' | undefined;
  /** How numbers are written where the document comes from. Such as `en-US`, `de-DE`. */
  readonly locale?: string | undefined;
}

/** Options of `sweep`. */
export type SweepOptions = AnswerOptions;

/** Options of `video`. */
export interface VideoTaskOptions extends SamplingOptions, PixelOptions, SignalOptions {
  /** Language code as the prompt names it. Such as `en`, `de`, `es`. Default `en`. */
  readonly language?: string | undefined;
  /** Send the question alone, as checkpoints for documents and charts expect it. Default false. */
  readonly bare?: boolean | undefined;
  /**
   * How many frames to take; left out, 16 or as many as the context holds, whichever is less; a shorter clip is
   * repeated from its start. Integer, 1 to 128 frames.
   */
  readonly count?: number | undefined;
  /**
   * Take every n-th frame from the first on; left out, frames are spread evenly over the clip. Integer, 1 to
   * 1,000,000 frames.
   */
  readonly stride?: number | undefined;
  /**
   * Take so many frames per second of the clip; not with stride, nor for lists of pictures. Number, above 0, up to
   * 1,000 frames per second.
   */
  readonly fps?: number | undefined;
}

/** Options of `videoFrames`. */
export interface VideoOptions extends PixelOptions, FrameOptions, SignalOptions {
  /** Stop ffmpeg when reading the file takes longer. Integer, 1 to 86,400,000 ms. Default 120,000. */
  readonly timeoutMs?: number | undefined;
}

/** Options of `pages`. */
export interface PagesOptions extends PixelOptions {
  /** End the pages; the loop rejects with the reason of the signal. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of `annotate`. */
export interface AnnotateOptions extends DrawingOptions, EncodeOptions, FileOptions {}

/** Options of `pull`. */
export interface PullOptions extends HubOptions {
  /** Called with the bytes that are here and the bytes in all. */
  readonly onProgress?: ((loaded: number, total: number) => void) | undefined;
  /** Abort; what has come is kept for the next time. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of `convert`. */
export interface ConvertOptions extends HubOptions {
  /**
   * Folder of a Hugging Face checkpoint, a big_vision .npz file, or a checkpoint on the hub such as
   * hf:owner/repo@revision. Required.
   */
  readonly source: string;
  /** The GGUF file to write; its folder must exist. Required. */
  readonly output: string;
  /**
   * Number type of the large matrices; the embedding is never stored below six bits, norms and biases always as f32.
   * Default `q8_0`.
   */
  readonly type?: 'f32' | 'f16' | 'bf16' | 'q8_0' | 'q6_k' | 'q5_k' | 'q4_k' | 'q4_0' | undefined;
  /** tokenizer.model or tokenizer.json; left out, the one in the source folder; an .npz needs it. */
  readonly tokenizer?: string | undefined;
  /** vae-oid.npz, without which segmentation answers cannot be turned into masks. */
  readonly maskCodec?: string | undefined;
  /** Name to store in the file; left out, that of the source. */
  readonly name?: string | undefined;
  /** Side of the square picture that the model sees; left out, as in the source. Integer, 1 to 1,792 pixels. */
  readonly imageSize?: number | undefined;
  /** Side of the patches that pictures are cut into; left out, as in the source. Integer, 1 to 1,792 pixels. */
  readonly patchSize?: number | undefined;
  /** Longest prompt and answer together; left out, as in the source, else 8192. Integer, 1 to 1,048,576 tokens. */
  readonly contextLength?: number | undefined;
  /**
   * PaliGemma 2: queries are scaled by this to the power -0.5; left out, as in the source. Number, above 0, up to
   * 1,000,000.
   */
  readonly queryPreAttnScalar?: number | undefined;
  /**
   * PaliGemma 2: soft-cap of the attention scores; left out, as in the source, else 50; 0 turns it off. Number, 0 to
   * 1,000,000.
   */
  readonly attentionSoftcap?: number | undefined;
  /**
   * PaliGemma 2: soft-cap of the logits; left out, as in the source, else 30; 0 turns it off. Number, 0 to
   * 1,000,000.
   */
  readonly finalSoftcap?: number | undefined;
  /** Replace an existing output. Default false. */
  readonly overwrite?: boolean | undefined;
  /**
   * Keep what was downloaded from the hub in its cache; left out, it is removed when the output is there. Default
   * false.
   */
  readonly keepDownload?: boolean | undefined;
  /** Called while the file is written; what it throws ends the conversion. */
  readonly onProgress?: ((progress: ConvertProgress) => void) | undefined;
  /** Abort the conversion; it rejects with the reason of the signal and leaves no file. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of `models`. */
export interface ServedModelOptions extends ModelOptions {
  /** Its GGUF file, or a model on the hub such as hf:owner/repo. Required. */
  readonly file: string;
  /** Its vision part, where `file` has the language model only. */
  readonly mmproj?: string | undefined;
  /** Load it with the server, or when it is first asked for. Default `start`. */
  readonly loadAt?: 'start' | 'first-use' | undefined;
}

/** Options of `paligemma`. */
export interface ServerOptions {
  /**
   * The model to serve, under the alias `paligemma`: a GGUF file, or one on the hub such as hf:owner/repo; left out,
   * and without `models`, the demo model.
   */
  readonly model?: string | undefined;
  /** Its vision part, where `model` has the language model only. */
  readonly mmproj?: string | undefined;
  /** Several models by alias, such as { "small": "a.gguf" }; requests that name none get the first. */
  readonly models?: Readonly<Record<string, string | ServedModelOptions>> | undefined;
  /** What the path of every route begins with. */
  readonly prefix?: string | undefined;
  /** Keys of clients, as they are or as sha256: and 64 hexadecimal digits; left out, none is needed. */
  readonly keys?: readonly string[] | undefined;
  /** File with a key on each line, in the same form; read again when it changes. */
  readonly keysFile?: string | undefined;
  /** Requests that one key may send in a minute, else 429; 0 for any number. Integer, 0 to 1,000,000. Default 0. */
  readonly requestsPerMinute?: number | undefined;
  /**
   * Names that the server may be called by; left out, any, but only those of this machine on a loopback address
   * without keys, as a web page could call it by a name of its own.
   */
  readonly hosts?: readonly string[] | undefined;
  /** Web pages that may call the server; left out, only its own. */
  readonly origins?: readonly string[] | undefined;
  /**
   * Hosts that pictures may be fetched from when a request names an address: images.example, *.images.example, or *
   * for all; with a port if it is another one, with http:// if it is not https; left out, nothing is fetched.
   */
  readonly pictureHosts?: readonly string[] | undefined;
  /** Networks of your own in which these hosts may be; left out, they are reached in the public internet only. */
  readonly pictureNetworks?: readonly string[] | undefined;
  /** Requests that are read, wait or run at the same time; one more gets 503. Integer, 1 to 100,000. Default 64. */
  readonly maxRequests?: number | undefined;
  /**
   * Cost of these requests together: tokens of pictures and prompts, and of the longest answers. Integer, 1 to
   * 1,000,000,000 tokens. Default 65,536.
   */
  readonly maxQueuedTokens?: number | undefined;
  /** Largest body of a request, counted while it arrives. Integer, 1,024 to 268,435,456 bytes. Default 16,777,216. */
  readonly maxBodyBytes?: number | undefined;
  /** Pictures in one request. Integer, 1 to 128. Default 8. */
  readonly maxPictures?: number | undefined;
  /** Refuse larger pictures before they are decoded. Integer, 1 to 500,000,000 pixels. Default 50,000,000. */
  readonly maxPixels?: number | undefined;
  /**
   * Pictures that are kept for questions by their ids, all together; one more gets 507; 0 for none. Integer, 0 to
   * 68,719,476,736 bytes. Default 67,108,864.
   */
  readonly maxUploadBytes?: number | undefined;
  /** Time that an uploaded picture is kept. Integer, 1 to 2,147,483,647 ms. Default 3,600,000. */
  readonly uploadMs?: number | undefined;
  /** Most that a request may set maxTokens to. Integer, 1 to 1,048,576 tokens. Default 1,024. */
  readonly maxAnswerTokens?: number | undefined;
  /**
   * Time for a request from its first line to its answer, else 504; a client may set less with the header
   * x-deadline-ms. Integer, 1 to 86,400,000 ms. Default 60,000.
   */
  readonly deadlineMs?: number | undefined;
  /** Time that accepted requests have when the server closes. Integer, 0 to 86,400,000 ms. Default 25,000. */
  readonly drainMs?: number | undefined;
  /**
   * Free a model that was not used for so long; the next request loads it again; 0 never. Integer, 0 to
   * 2,147,483,647 ms. Default 0.
   */
  readonly unloadAfterMs?: number | undefined;
  /**
   * Memory for all models together: before another one is loaded, those unused longest are freed; 0 for no bound.
   * Number, 0 to 1,048,576 MiB. Default 0.
   */
  readonly maxModelMb?: number | undefined;
  /** Answer /metrics in the text format of Prometheus. Default true. */
  readonly metrics?: boolean | undefined;
}
