/** What templates of other runtimes put around a prompt is taken away, and nothing else is. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MARKERS, placeholdersIn, stripMarkers, userTurn } from '../../../src/tasks/markers.js';

const PROMPTS = [
  'caption en',
  'ocr',
  'detect white circle ; yellow square',
  'answer en how many "x" are > 3?',
  'caption <loc0100><loc0200><loc0600><loc0800>',
  'answer en  what is it? choose from: a \t b',
  'was ist das? 北京 😀',
];

const SAMPLES = MARKERS.flatMap(({ samples }) => samples);

describe.each(SAMPLES)('%j', (sample) => {
  test.each(PROMPTS)('leaves %j', (prompt) => {
    const given = sample.replace('…', () => prompt);
    const { text, dropped } = stripMarkers(given);
    expect(text).toBe(prompt);
    expect(dropped.length).toBeGreaterThan(0);
    // All that is gone is reported, but for white space.
    const gone = dropped.reduce((rest, one) => rest.replace(one.text, ''), given);
    expect(gone.replace(/\s/g, '')).toBe(prompt.replace(/\s/g, ''));
  });

  test.each(['<image>', '<bos>', '<s>', '<__media__>'])(
    'leaves the prompt with %s inside',
    (inner) => {
      const given = sample.replace('…', () => `${inner}caption en`);
      expect(stripMarkers(given).text).toBe('caption en');
    },
  );

  test('in capitals is the same', () => {
    const given = sample.toUpperCase().replace('…', () => 'caption en');
    expect(stripMarkers(given).text).toBe('caption en');
  });
});

test('several around one prompt, in any order, leave it', () => {
  const starts = [
    '<image>',
    '<bos>',
    '<s>',
    '<pad>',
    '[img-1]',
    '<start_of_turn>user\n',
    '[INST] ',
  ];
  const ends = ['<eos>', '</s>', '<end_of_turn>\n', '<|im_end|>', ' [/INST]', '\n### Response:'];
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...starts), { minLength: 1, maxLength: 4 }),
      fc.constantFrom(...PROMPTS),
      fc.array(fc.constantFrom(...ends), { maxLength: 4 }),
      (before, prompt, after) => {
        const { text, dropped } = stripMarkers([...before, prompt, ...after].join(''));
        expect(text).toBe(prompt);
        expect(dropped).toHaveLength(before.length + after.length);
      },
    ),
  );
});

test('any text without a marker at its ends is left as it is, white space too', () => {
  for (const text of [
    '',
    ' caption en ',
    '\ncaption\n',
    'answer en what does the tag <bos> mean?',
    'answer en is <s>this</s> right?',
    'USER: is written where?',
    'who is the ASSISTANT:',
    'user manual',
    'answer en what is in [image]?',
    'detect <start> ; [a] ; ### ; {x}',
    'answer en what is <|unknown|> for?',
    '<imagine>',
    'Question: What is it?\nContext: A farm.\nOptions: (A) cow, (B) horse\nAnswer:',
  ]) {
    expect(stripMarkers(text)).toEqual({ text, dropped: [] });
  }
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      fc.pre(!/[<[({#:]/.test(text));
      expect(stripMarkers(text)).toEqual({ text, dropped: [] });
    }),
  );
});

test('white space after a placeholder stays, as in transformers, unless a template put it there', () => {
  expect(stripMarkers('<image> caption en').text).toBe(' caption en');
  expect(stripMarkers('<image>\ncaption en').text).toBe('\ncaption en');
  expect(stripMarkers('<image> <bos> caption en').text).toBe('caption en');
  expect(stripMarkers('USER: <image>\ncaption en ASSISTANT:').text).toBe('caption en');
});

test('a long run of markers takes no long time, and a long text none', () => {
  const many = stripMarkers(`${'<bos>'.repeat(12_000)}caption en`);
  expect(many.text).toBe('caption en');
  expect(stripMarkers(`${' '.repeat(60_000)}x${' '.repeat(60_000)}<`).dropped).toEqual([]);
  // White space that stays is walked once, not once for each marker at the other end.
  expect(stripMarkers(`${' '.repeat(60_000)}x${'</s>'.repeat(12_000)}`).text).toMatch(/^ +x$/);
  const turn = `x${' '.repeat(200_000)}x`;
  expect(userTurn(`<|user|> ${turn} `)).toBe(turn);
});

test('placeholders are counted wherever they are, but not what may be text', () => {
  expect(placeholdersIn('a <image> b <|image_1|><__media__>[img-1] [image] {image}')).toEqual([
    '<image>',
    '<|image_1|>',
    '<__media__>',
    '[img-1]',
  ]);
});

test('the user is heard in a conversation with a system', () => {
  expect(
    userTurn('<|im_start|>system\nYou help.<|im_end|>\n<|im_start|>user\ncaption en<|im_end|>\n'),
  ).toBe('caption en');
  expect(userTurn('caption en')).toBeUndefined();
});
