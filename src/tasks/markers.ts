/**
 * What templates of other runtimes put around a prompt: the one list, and taking it away. PaliGemma has no turns, adds
 * its own <bos>, and pictures come first by themselves.
 */

export type MarkerKind = 'picture' | 'control' | 'turn';

/** Sources of regular expressions, matched without regard to letter case. */
interface MarkerRow {
  readonly kind: MarkerKind;
  /** Who writes it. */
  readonly of: string;
  /** At the beginning of a prompt. */
  readonly start?: string;
  /** At its end. */
  readonly end?: string;
  /** Ordinary text unless both ends are there. */
  readonly isPair?: true;
  /** Ordinary text anywhere but at the beginning. */
  readonly isText?: true;
  /** As people see it, `…` for the prompt. The documentation's table and the tests are made of these. */
  readonly samples: readonly string[];
}

const both = (source: string) => ({ start: source, end: source });

export const MARKERS: readonly MarkerRow[] = [
  // The longer ones first: they hold shorter ones.
  {
    kind: 'picture',
    of: 'MiniCPM-V',
    start: String.raw`\(<image>\./</image>\)`,
    samples: ['(<image>./</image>)…'],
  },
  {
    kind: 'picture',
    of: 'transformers, transformers.js, vLLM, LLaVA',
    start: '<image>',
    samples: ['<image>…'],
  },
  {
    kind: 'picture',
    of: 'Llama 3.2, Phi-3, InternVL',
    start: String.raw`<\|image(?:_\d+)?\|>|<image[ _-]?\d+>`,
    samples: ['<|image|>…', '<|image_1|>…', '<image_1>…'],
  },
  {
    kind: 'picture',
    of: 'llama.cpp, Ollama',
    start: String.raw`<__(?:media|image)__>|\[img-\d+\]`,
    samples: ['<__media__>…', '[img-1]…'],
  },
  {
    kind: 'picture',
    of: 'Gemma 3',
    start: '<start_of_image>(?:(?:<image_soft_token>)*<end_of_image>)?|<image_soft_token>',
    samples: ['<start_of_image>…'],
  },
  {
    kind: 'picture',
    of: 'Qwen2-VL',
    start: String.raw`<\|vision_start\|>(?:<\|image_pad\|>)*<\|vision_end\|>|<\|image_pad\|>`,
    samples: ['<|vision_start|><|image_pad|><|vision_end|>…'],
  },
  {
    kind: 'picture',
    of: 'InternLM-XComposer, Janus',
    start: '<ImageHere>|<image_placeholder>',
    samples: ['<ImageHere>…', '<image_placeholder>…'],
  },
  {
    kind: 'picture',
    of: 'Pixtral, Qwen-VL, people',
    start: String.raw`\[(?:img|image)\]|<img>(?:</img>)?|\{\{? ?image ?\}?\}`,
    isText: true,
    samples: ['[IMG]…', '<img></img>…', '{image}…'],
  },
  {
    kind: 'control',
    of: 'Gemma',
    ...both('<bos>|<eos>|<pad>'),
    samples: ['<bos>…', '…<eos>', '<pad><pad>…'],
  },
  { kind: 'control', of: 'Llama 2, Mistral', ...both('</?s>'), samples: ['<s>…', '…</s>'] },
  {
    kind: 'control',
    of: 'GPT, Llama 3, Phi-3',
    ...both(String.raw`<\|(?:begin_of_text|end_of_text|endoftext|eot_id|end)\|>`),
    samples: ['<|begin_of_text|>…', '…<|eot_id|>', '…<|endoftext|>'],
  },
  {
    kind: 'turn',
    of: 'Gemma',
    start: String.raw`<start_of_turn>(?:user\b|(?!model|system))`,
    end: '<end_of_turn>|<start_of_turn>(?:model)?',
    samples: ['<start_of_turn>user\n…<end_of_turn>\n<start_of_turn>model\n'],
  },
  {
    kind: 'turn',
    of: 'ChatML: Qwen, InternVL',
    start: String.raw`<\|im_start\|>(?:user\b|(?!assistant|system))`,
    end: String.raw`<\|im_end\|>|<\|im_start\|>(?:assistant)?`,
    samples: ['<|im_start|>user\n…<|im_end|>\n<|im_start|>assistant\n'],
  },
  {
    kind: 'turn',
    of: 'Llama 3',
    start: String.raw`<\|start_header_id\|>user<\|end_header_id\|>`,
    end: String.raw`<\|start_header_id\|>assistant<\|end_header_id\|>`,
    samples: [
      '<|start_header_id|>user<|end_header_id|>\n\n…<|start_header_id|>assistant<|end_header_id|>\n\n',
    ],
  },
  {
    kind: 'turn',
    of: 'Phi-3, Zephyr',
    start: String.raw`<\|user\|>`,
    end: String.raw`<\|assistant\|>`,
    samples: ['<|user|>\n…<|end|>\n<|assistant|>\n'],
  },
  {
    kind: 'turn',
    of: 'Llama 2, Mistral',
    start: String.raw`\[INST\]`,
    end: String.raw`\[/INST\]`,
    samples: ['[INST] … [/INST]'],
  },
  {
    kind: 'turn',
    of: 'Alpaca, Vicuna',
    start: '### ?(?:Instruction|Human|User) ?:',
    end: '### ?(?:Response|Assistant) ?:',
    samples: ['### Instruction:\n…\n\n### Response:', '### Human: … ### Assistant:'],
  },
  {
    kind: 'turn',
    of: 'LLaVA, Vicuna',
    start: String.raw`(?:user|human) ?:(?=\s)`,
    end: String.raw`(?<=\s)(?:assistant|model|bot|ai|gpt) ?:`,
    isPair: true,
    samples: ['USER: … ASSISTANT:', 'Human: …\n\nAssistant:'],
  },
];

/** No marker is longer, so the end of a long text need not be searched for one. */
const LONGEST = 120;

interface Matcher {
  readonly kind: MarkerKind;
  readonly pattern: RegExp;
}

function matchers(end: 'start' | 'end', isPair: boolean): readonly Matcher[] {
  return MARKERS.filter((row) => (row.isPair === true) === isPair).flatMap(
    ({ kind, [end]: source }) => {
      if (source === undefined) return [];
      const anchored = end === 'start' ? `^(?:${source})` : `(?:${source})$`;
      return [{ kind, pattern: new RegExp(anchored, 'i') }];
    },
  );
}
const STARTS = matchers('start', false);
const ENDS = matchers('end', false);
const PAIR_STARTS = matchers('start', true);
const PAIR_ENDS = matchers('end', true);

export interface DroppedMarker {
  readonly kind: MarkerKind;
  /** As it was written. */
  readonly text: string;
}

export interface Stripped {
  readonly text: string;
  readonly dropped: readonly DroppedMarker[];
}

/** Where white space that begins at `from` ends. */
function firstText(text: string, from: number): number {
  let at = from;
  while (at < text.length && isSpace(text, at)) at++;
  return at;
}

/** Where white space that ends at `to` begins. */
function lastText(text: string, to: number): number {
  let at = to;
  while (at > 0 && isSpace(text, at - 1)) at--;
  return at;
}

const isSpace = (text: string, at: number): boolean => text.charAt(at).trim() === '';

function firstOf(list: readonly Matcher[], part: string): DroppedMarker | undefined {
  for (const { kind, pattern } of list) {
    const [text] = pattern.exec(part) ?? [];
    if (text !== undefined) return { kind, text };
  }
  return undefined;
}

/**
 * Takes away the markers at both ends, and the white space around them. Only that after a picture's placeholder stays
 * where no template is: transformers sends it, and checkpoints that were fine-tuned so expect it.
 */
export function stripMarkers(given: string): Stripped {
  const dropped: DroppedMarker[] = [];
  // What is left is [from, to); white space is skipped once, however many markers there are.
  let from = firstText(given, 0);
  let to = lastText(given, given.length);
  /** The same with the white space at an end where nothing was cut, or after a picture's placeholder. */
  let keptFrom = 0;
  let keptTo = given.length;
  let lastStart: DroppedMarker | undefined;
  let isEndCut = false;
  const atStart = (list: readonly Matcher[]): DroppedMarker | undefined =>
    firstOf(list, given.slice(from, Math.min(from + LONGEST, keptTo)));
  const atEnd = (list: readonly Matcher[]): DroppedMarker | undefined =>
    firstOf(list, given.slice(Math.max(to - LONGEST, keptFrom), to));
  const cutStart = (marker: DroppedMarker): void => {
    dropped.push(marker);
    keptFrom = from + marker.text.length;
    from = firstText(given, keptFrom);
    lastStart = marker;
  };
  const cutEnd = (marker: DroppedMarker): void => {
    dropped.push(marker);
    keptTo = to - marker.text.length;
    to = lastText(given, keptTo);
    isEndCut = true;
  };
  while (from < to) {
    const start = atStart(STARTS);
    const end = start ? undefined : atEnd(ENDS);
    if (start) cutStart(start);
    else if (end) cutEnd(end);
    else {
      // `USER: … ASSISTANT:`: one half alone is ordinary text.
      const [left, right] = [atStart(PAIR_STARTS), atEnd(PAIR_ENDS)];
      if (!left || !right) break;
      cutStart(left);
      cutEnd(right);
    }
  }
  const isTemplate = dropped.some(({ kind }) => kind === 'turn');
  const isTrimmed = isTemplate || (lastStart !== undefined && lastStart.kind !== 'picture');
  const text = given.slice(isTrimmed ? from : keptFrom, isTemplate || isEndCut ? to : keptTo);
  return { text, dropped };
}

const sources = (kind: MarkerKind, isSure: boolean): string =>
  MARKERS.filter((row) => row.kind === kind && !(isSure && (row.isText || row.isPair)))
    .flatMap(({ start, end }) => [start, end])
    .filter((source) => source !== undefined)
    .join('|');

const PLACEHOLDER = new RegExp(sources('picture', true), 'gi');

/** Placeholders of pictures anywhere in a text, without those that may be ordinary text. */
export function placeholdersIn(text: string): readonly string[] {
  return text.match(PLACEHOLDER) ?? [];
}

/** Markers of a kind anywhere in a text, and what looks like one of a runtime that is not in the list. */
export const ANYWHERE: Readonly<Record<MarkerKind, RegExp>> = {
  picture: new RegExp(sources('picture', false), 'gi'),
  control: new RegExp(`${sources('control', true)}|<unk>|<mask>`, 'gi'),
  turn: new RegExp(`${sources('turn', true)}|<</?SYS>>|<\\|/?[a-z][\\w-]*\\|>`, 'gi'),
};

/** What a user says in a conversation, up to the end of the turn. */
const USER_TURNS = MARKERS.filter(({ kind, isPair }) => kind === 'turn' && !isPair).map(
  ({ start, end }) => new RegExp(`(?:${start})([^]*?)(?:${end}|$)`, 'i'),
);

/** The first user turn of a conversation; undefined when there are no turns. */
export function userTurn(text: string): string | undefined {
  return USER_TURNS.map((pattern) => pattern.exec(text)?.[1])
    .find((turn) => turn !== undefined)
    ?.trim();
}
