/** From what callers write to what is sent: the same for every door, with a note of everything that is not sent. */
import { describe, expect, test } from 'vitest';
import { PaliGemmaError } from '../../../src/errors.js';
import { Prompt } from '../../../src/prompt.js';
import { PROMPT_WARNINGS } from '../../../src/tasks/advisor/advice.js';
import { MARKERS } from '../../../src/tasks/markers.js';
import {
  choices,
  codeOf,
  labelsPrompt,
  phrasePrompt,
  phrasing,
  questionPrompt,
  statementPrompt,
  wholePrompt,
} from '../../../src/tasks/prompt-input.js';

const EN = { language: 'en', bare: false };

/** Every place where a caller writes text: how it gets there, what it is about, and what is sent of the text `x y`. */
const DOORS: Readonly<
  Record<string, { readonly sent: string; readonly of: (text: string) => Prompt }>
> = {
  predict: { sent: 'x y', of: (text) => wholePrompt(text, 1, '') },
  sweep: { sent: 'x y', of: phrasing },
  ask: { sent: 'answer en x y', of: (text) => questionPrompt(text, EN, 1) },
  'ask bare': { sent: 'x y', of: (text) => questionPrompt(text, { ...EN, bare: true }, 1) },
  detect: { sent: 'detect x y', of: (text) => labelsPrompt('detect', text, '').prompt },
  segment: { sent: 'segment x y', of: (text) => labelsPrompt('segment', [text], '').prompt },
  refer: { sent: 'x y', of: phrasePrompt },
  classify: {
    sent: 'x y',
    of: (text) => {
      const notes: Prompt['notes'][number][] = [];
      const [label = ''] = choices([text], notes);
      return new Prompt(label, notes);
    },
  },
};
// Its own, as it is about two pictures.
const COMPARE = { sent: 'answer en x y', of: statementPrompt };

const codes = ({ notes }: Prompt): string[] => notes.map(({ code }) => code);
const DROPPED: readonly string[] = ['chat-template', 'control-token', 'image-placeholder'].map(
  (kind) => codeOf(kind as 'chat-template'),
);

const TEMPLATES = MARKERS.flatMap(({ kind, samples }) =>
  samples.map((sample) => ({ kind, sample })),
);

describe.each(TEMPLATES)('$sample', ({ kind, sample }) => {
  test.each(Object.entries(DOORS))('in %s is not sent, and a note says so', (_, { sent, of }) => {
    const prompt = of(sample.replace('…', 'x y'));
    expect(prompt.text).toBe(sent);
    const told = codes(prompt).filter((code) => DROPPED.includes(code));
    // transformers wants <image> written.
    if (sample === '<image>…') expect(told).toEqual([]);
    else expect(told).toHaveLength(1);
  });

  test('in compare is not sent', () => {
    const text = sample.replace('…', 'x y');
    if (kind !== 'picture') expect(COMPARE.of(text).text).toBe(COMPARE.sent);
    else {
      const two = sample.replace('…', '') + text;
      expect(COMPARE.of(two).text).toBe(COMPARE.sent);
      expect(() => COMPARE.of(text)).toThrow(PaliGemmaError);
    }
  });
});

function failureOf(run: () => unknown): PaliGemmaError {
  try {
    run();
  } catch (error) {
    if (error instanceof PaliGemmaError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('placeholders of pictures', () => {
  test.each(Object.entries(DOORS))('too many in %s are refused with both counts', (_, { of }) => {
    const error = failureOf(() => of('<image><image>x y'));
    expect(error.code).toBe('ERR_OPTION_RANGE');
    expect(error.message).toMatch(
      /^\w+ has 2 placeholders of a picture \("<image>"\), and the call has 1 picture \(/,
    );
  });

  test.each(Object.entries(DOORS))('in the middle or at the end of %s are refused', (_, { of }) => {
    for (const text of ['x <image> y', 'x y<image>', '<image>x y <__media__>']) {
      expect(failureOf(() => of(text)).message).toMatch(
        /has [12] placeholders? of a picture .*, not all at its beginning, and the call has 1 picture \(/,
      );
    }
  });

  test('as many as pictures are dropped, and none is as good', () => {
    for (const [text, pictures] of [
      ['caption en', 1],
      ['caption en', 7],
      ['<image>caption en', 1],
      ['<image><image>caption en', 2],
      ['<image>\n<image> \ncaption en'.replace(' \n', ''), 2],
      ['<image_1><image_2><image_3>caption en', 3],
    ] as const) {
      expect(wholePrompt(text, pictures, '').text).toBe('caption en');
    }
    expect(failureOf(() => wholePrompt('<image>caption en', 2, '')).message).toMatch(
      /^prompt has 1 placeholder of .* and the call has 2 pictures \(.*write 2 at the beginning/,
    );
  });
});

describe('line breaks of a text file', () => {
  test.each([
    ['caption en\n', 'caption en'],
    ['caption en\r\n', 'caption en'],
    ['caption en\r', 'caption en'],
    ['caption en\n\r\n\n', 'caption en'],
    ['\ufeffcaption en', 'caption en'],
    ['\ufeff<image>caption en\r\n', 'caption en'],
    ['a\r\nb\rc\r\n', 'a\nb\nc'],
  ])('%j is sent as %j, with one note', (given, sent) => {
    const prompt = wholePrompt(given, 1, 'x-ft-224');
    expect(prompt.text).toBe(sent);
    expect(codes(prompt)).toEqual([codeOf('line-break')]);
  });

  test('all other white space is sent', () => {
    for (const text of [' caption en', 'caption en ', '\ncaption en', 'caption\nen', 'a\tb']) {
      expect(wholePrompt(text, 1, '').text).toBe(text);
    }
  });
});

describe('a prefix that the caller wrote', () => {
  test.each<[Prompt, string]>([
    [questionPrompt('answer en is it red?', EN, 1), 'answer en is it red?'],
    [questionPrompt('Answer EN is it red?', EN, 1), 'answer en is it red?'],
    [questionPrompt('answer de ist es rot?', EN, 1), 'answer de ist es rot?'],
    [
      questionPrompt('answer en  what? choose from: a \t b', EN, 1),
      'answer en  what? choose from: a \t b',
    ],
    [statementPrompt('answer en both are red'), 'answer en both are red'],
    [labelsPrompt('detect', 'detect circle', '').prompt, 'detect circle'],
    [
      labelsPrompt('detect', ['Detect circle', 'DETECT: square'], '').prompt,
      'detect circle ; square',
    ],
    [labelsPrompt('segment', 'segment circle', '').prompt, 'segment circle'],
    [phrasePrompt('segment the circle'), 'the circle'],
    [labelsPrompt('detect', '<image>detect circle', '').prompt, 'detect circle'],
  ])('is sent once, with a note', (prompt, sent) => {
    expect(prompt.text).toBe(sent);
    expect(codes(prompt)).toContain(codeOf('prefix-twice'));
  });

  test('is kept where it is none', () => {
    for (const [prompt, sent] of [
      [questionPrompt('answer it is a cat?', EN, 1), 'answer en answer it is a cat?'],
      [questionPrompt('answer en is it?', { ...EN, bare: true }, 1), 'answer en is it?'],
      [labelsPrompt('detect', 'detective', '').prompt, 'detect detective'],
      [labelsPrompt('detect', 'detect', '').prompt, 'detect detect'],
      [labelsPrompt('segment', 'detector', '').prompt, 'segment detector'],
    ] as const) {
      expect(prompt.text).toBe(sent);
      expect(codes(prompt)).not.toContain(codeOf('prefix-twice'));
    }
  });
});

describe('advice', () => {
  test.each<[string, Prompt, string | undefined]>([
    ['a trained prompt', wholePrompt('caption en', 1, ''), undefined],
    ['several labels to outline', wholePrompt('segment cat ; dog', 1, ''), undefined],
    ['capitals', wholePrompt('Caption EN', 1, ''), 'upper-case'],
    ['a request', wholePrompt('What do you see in this picture?', 1, ''), 'not-trained'],
    [
      'a request to a mix checkpoint',
      wholePrompt('What do you see?', 1, 'paligemma-3b-mix-224'),
      'depends-on-checkpoint',
    ],
    ['a file', wholePrompt('prompt.txt', 1, ''), 'file-name'],
    ['a turn within', wholePrompt('caption <|system|> en', 1, ''), 'chat-template'],
    ['a plural label', labelsPrompt('detect', 'cats', '').prompt, 'plural-label'],
    ['an article', labelsPrompt('segment', ['a cat'], '').prompt, 'article-label'],
    ['labels in one', labelsPrompt('detect', 'cat, dog', '').prompt, 'separator'],
    ['a prompt of another task', labelsPrompt('segment', 'detect cat', '').prompt, 'other-task'],
    ['and the reverse', labelsPrompt('detect', ['dog', 'Segment: cat'], '').prompt, 'other-task'],
    ['a prompt as question', questionPrompt('detect cat', EN, 1), 'other-task'],
    ['a question', questionPrompt('how many cats are there?', EN, 1), undefined],
    ['labels', labelsPrompt('detect', ['cat', 'red circle'], '').prompt, undefined],
    ['plurals in a sweep', phrasing('detect cats'), undefined],
    ['a request in a sweep', phrasing('Detect cats'), 'upper-case'],
    ['a phrase', phrasePrompt('the man on the left'), undefined],
  ])('on %s', (_, prompt, kind) => {
    expect(codes(prompt)).toEqual(kind === undefined ? [] : [codeOf(kind as 'upper-case')]);
  });

  test('names what may do better, and the labels that are one', () => {
    expect(wholePrompt('Detect cats', 1, '').notes[0]?.message).toContain(
      '"detect cat" may do better',
    );
    expect(labelsPrompt('detect', 'cat, dog', '').prompt.notes[0]?.message).toBe(
      '"cat, dog" is sent as one label; several, each given by itself, may do better',
    );
  });

  test('is not given on checkpoints of other fine-tunings: their prompts are their own', () => {
    for (const name of ['paligemma-3b-ft-docvqa-448', 'my_ft', 'ft']) {
      expect(wholePrompt('What do you see?', 1, name).notes).toEqual([]);
      for (const label of ['cat, dog', 'cats', 'a cat', 'CAT DOG']) {
        expect(labelsPrompt('detect', label, name).prompt.notes).toEqual([]);
        expect(labelsPrompt('segment', [label], 'left-draft').prompt.notes).toHaveLength(1);
      }
    }
    expect(wholePrompt('What do you see?', 1, 'left-draft').notes).toHaveLength(1);
  });

  test('never changes what is sent', () => {
    for (const text of ['Caption EN', 'Detect cats, dogs', 'what?', '???', 'x'.repeat(5000)]) {
      expect(wholePrompt(text, 1, '').text).toBe(text);
    }
  });
});

test('labels to choose from that are one label get a note, and several none', () => {
  for (const [labels, kinds] of [
    [['red, blue'], [codeOf('separator')]],
    [['red'], []],
    [['red, blue', 'green'], []],
  ] as const) {
    const notes: Prompt['notes'][number][] = [];
    expect(choices(labels, notes)).toEqual(labels);
    expect(notes.map(({ code }) => code)).toEqual(kinds);
  }
});

test('codes of notes are in capitals with underscores', () => {
  for (const kind of PROMPT_WARNINGS) expect(codeOf(kind)).toMatch(/^PALIGEMMA_PROMPT(_[A-Z]+)+$/);
});

test('what is not text is refused as before', () => {
  for (const value of [7, undefined, null, [['x']], Buffer.from('x')] as never[]) {
    for (const { of } of Object.values(DOORS).slice(1)) {
      expect(failureOf(() => of(value)).code).toMatch(/^ERR_OPTION_/);
    }
  }
});

test('line breaks inside a prompt take no time that grows with their square', () => {
  const text = `x${'\n'.repeat(65_000)}x`;
  expect(wholePrompt(`${text}\n\n`, 1, '').text).toBe(text);
});
