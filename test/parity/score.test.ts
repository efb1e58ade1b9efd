/** `score` and `classify` against the log-probabilities of the same tokens run one after the other. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PaliGemma, type Scores } from '../../src/index.js';
import {
  type Case,
  type CheckpointName,
  cases,
  checkpointFolder,
  convertedModel,
  DEMO_MODEL,
  imagePath,
  pixelsOf,
} from '../support/models.js';
import { needsReference } from '../support/needs.js';
import { TracedModel } from '../support/trace.js';

const EOS = 1;
/** In f32; accumulation runs in another order when many rows are computed at once. */
const TOLERANCE = 1e-3;

/** One being another's beginning, first tokens shared, one token and many, with and without spaces, not Latin. */
const TEXTS = [
  'car',
  'carpet',
  'car park',
  'a red car',
  'a red circle',
  'a red circle and a blue square',
  'yes',
  'no',
  '7',
  '<loc0003><loc0500>',
  'naïve 北京',
  ' leading',
  '\n',
];

async function expected(
  traced: TracedModel,
  c: Case,
  tokens: readonly number[],
): Promise<readonly number[]> {
  const pixels = await pixelsOf(c.image, traced.info.imageSize);
  const logits = (await traced.trace(pixels, c.prefix_ids, tokens))['logits'];
  const width = logits?.width ?? 0;
  return [...tokens, EOS].map((token, i) => {
    const row = logits?.data.subarray(i * width, (i + 1) * width) ?? new Float32Array();
    const best = Math.max(...row);
    const sum = row.reduce((total, logit) => total + Math.exp(logit - best), 0);
    return (row[token] ?? Number.NaN) - best - Math.log(sum);
  });
}

function largestDifference(a: readonly number[], b: readonly number[]): number {
  if (a.length !== b.length) return Number.NaN;
  return Math.max(...a.map((value, i) => Math.abs(value - (b[i] ?? Number.NaN))));
}

function sum(logprobs: readonly number[]): number {
  return logprobs.reduce((total, logprob) => total + logprob, 0);
}

for (const name of [
  'tiny-paligemma1',
  'tiny-paligemma2',
  'shapes-mix-224',
] satisfies CheckpointName[]) {
  describe(`${name} in f32`, needsReference(checkpointFolder(name)), () => {
    let model: PaliGemma;
    let traced: TracedModel;
    beforeAll(async () => {
      const path = await convertedModel(name, 'f32');
      model = await PaliGemma.load(path, { exactGelu: true, kvType: 'f32' });
      traced = await TracedModel.load(path);
    });
    afterAll(() => Promise.all([model.dispose(), traced.dispose()]));

    const [c] = cases(name);
    if (c === undefined) throw new Error(`no case of ${name} is here`);

    async function scoresOf(texts: readonly string[]): Promise<Scores['candidates']> {
      const { candidates } = await model.score(imagePath(c?.image ?? ''), c?.prompt ?? '', texts);
      expect(candidates.map(({ text }) => text)).toEqual(texts);
      for (const { text, tokens } of candidates) expect(tokens).toEqual(model.tokenize(text));
      return candidates;
    }

    test('candidates scored together have the log-probabilities of each run alone', async () => {
      for (const { tokens, logprobs } of await scoresOf(TEXTS)) {
        expect(largestDifference(logprobs, await expected(traced, c, tokens))).toBeLessThan(
          TOLERANCE,
        );
      }
    });

    test('a candidate alone, and the same one twice', async () => {
      const [alone] = await scoresOf(['carpet']);
      const twice = await scoresOf(['carpet', 'car', 'carpet']);
      expect(twice[0]?.logprobs).toEqual(twice[2]?.logprobs);
      expect(largestDifference(twice[0]?.logprobs ?? [], alone?.logprobs ?? [])).toBeLessThan(
        TOLERANCE,
      );
    });

    test('a long candidate, of several graphs, and short ones before and after it', async () => {
      const long = Array.from({ length: 70 }, (_, i) => `<loc${String(i * 13).padStart(4, '0')}>`);
      const texts = ['car', `${long.join('')} car`, `${long.join('')} cat`, 'carpet'];
      const candidates = await scoresOf(texts);
      expect(candidates[1]?.tokens.length).toBeGreaterThan(64);
      for (const { tokens, logprobs } of candidates) {
        expect(largestDifference(logprobs, await expected(traced, c, tokens))).toBeLessThan(
          TOLERANCE,
        );
      }
    });

    test('120 candidates, of several groups, are scored as one by one', async () => {
      const colours = ['red', 'green', 'blue', 'yellow', 'black', 'white', 'purple', 'cyan'];
      const shapes = ['circle', 'square', 'star', 'triangle', 'car'];
      const texts = ['a', 'one', 'two'].flatMap((count) =>
        colours.flatMap((colour) => shapes.map((shape) => `${count} ${colour} ${shape}`)),
      );
      expect(texts).toHaveLength(120);
      const together = await scoresOf(texts);
      // Enough tokens that one group of 64 cannot hold them, even with all that they share.
      const beginnings = together.flatMap(({ tokens }) =>
        tokens.map((_, i) => tokens.slice(0, i + 1).join()),
      );
      expect(new Set(beginnings).size).toBeGreaterThan(128);
      const alone = await Promise.all(texts.map((text) => scoresOf([text])));
      for (const [i, { logprobs }] of together.entries()) {
        expect(largestDifference(logprobs, alone[i]?.[0]?.logprobs ?? [])).toBeLessThan(TOLERANCE);
      }
    });

    test('all beginnings of an answer: each step is the same in all of them', async () => {
      const words = 'a red circle and a blue square'.split(' ');
      const texts = words.map((_, i) => words.slice(0, i + 1).join(' '));
      const candidates = await scoresOf(texts);
      const whole = candidates.at(-1)?.logprobs ?? [];
      for (const { logprobs } of candidates.slice(0, -1)) {
        const steps = logprobs.slice(0, -1);
        expect(largestDifference(steps, whole.slice(0, steps.length))).toBeLessThan(TOLERANCE);
        // Ending here and going on exclude each other.
        const next = whole[steps.length] ?? Number.NaN;
        expect(Math.exp(logprobs.at(-1) ?? 0) + Math.exp(next)).toBeLessThan(1 + TOLERANCE);
      }
    });
  });
}

describe('the demo model', () => {
  let model: PaliGemma;
  beforeAll(async () => {
    model = await PaliGemma.load(DEMO_MODEL);
  });
  afterAll(() => model.dispose());

  const question = 'how many shapes are there?';
  const counts = ['0', '1', '2', '3', '4', '5', '6', 'many', 'none'];

  test('finds its own greedy answer the likeliest of many, as likely as it was', async () => {
    for (const image of ['scene0.png', 'scene1.png', 'scene2.png', 'wide.jpg']) {
      const greedy = await model.ask(imagePath(image), question);
      expect(counts).toContain(greedy.text);
      const result = await model.classify(imagePath(image), counts, { question });
      expect(result.prompt).toBe(greedy.prompt);
      expect(result.label).toBe(greedy.text);
      const [first] = result.distribution;
      // q8_0: matmuls of one row and of many are rounded differently.
      expect(Math.exp(first?.logprob ?? Number.NaN)).toBeCloseTo(greedy.score, 2);
    }
    const caption = await model.caption(imagePath('scene0.png'));
    const others = ['a red circle', 'a black square', `${caption.text} and a star`];
    const { candidates } = await model.score(imagePath('scene0.png'), 'caption en', [
      ...others,
      caption.text,
    ]);
    const totals = candidates.map(({ logprobs }) => sum(logprobs));
    expect(totals.indexOf(Math.max(...totals))).toBe(others.length);
  });

  test('classify orders the labels, and their probabilities are those of score', async () => {
    const { distribution, label, score, coverage, image, timings } = await model.classify(
      imagePath('wide.jpg'),
      counts,
      { question },
    );
    expect(distribution.map((one) => one.label).sort()).toEqual([...counts].sort());
    const probabilities = distribution.map(({ probability }) => probability);
    expect(probabilities).toEqual([...probabilities].sort((a, b) => b - a));
    expect(probabilities.reduce((total, p) => total + p, 0)).toBeCloseTo(1, 12);
    expect([label, score]).toEqual([distribution[0]?.label, probabilities[0]]);
    expect(image).toEqual({ width: 641, height: 419 });
    expect(timings.encodings).toBeLessThanOrEqual(1);

    const { candidates } = await model.score(
      imagePath('wide.jpg'),
      `answer en ${question}`,
      counts,
    );
    const mass = candidates.map(({ logprobs }) => Math.exp(sum(logprobs)));
    const total = mass.reduce((all, one) => all + one, 0);
    expect(coverage).toBeCloseTo(total, 6);
    for (const one of distribution) {
      expect(one.probability).toBeCloseTo((mass[counts.indexOf(one.label)] ?? 0) / total, 6);
    }
  });

  test('classify asks for each label by the sum of its spellings', async () => {
    const labels = ['red circle', 'Stars', 'a square'];
    const spellings = [
      ['red circle', 'Red circle', 'red circles', 'Red circles'],
      ['Stars', 'stars', 'Star', 'star'],
      ['a square', 'A square'],
    ];
    const scene = imagePath('scene0.png');
    const asked = { question: 'what is this?' };
    const { prompt, distribution } = await model.classify(scene, labels, asked);
    const { candidates } = await model.score(scene, prompt, spellings.flat());
    const mass = candidates.map(({ logprobs }) => Math.exp(sum(logprobs)));
    const exact = await model.classify(scene, labels, { ...asked, variants: false });
    for (const [i, label] of labels.entries()) {
      const own = mass.splice(0, spellings[i]?.length);
      const found = distribution.find((one) => one.label === label);
      const total = own.reduce((all, p) => all + p, 0);
      expect(found?.logprob).toBeCloseTo(Math.log(total), 3);
      const alone = exact.distribution.find((one) => one.label === label);
      expect(alone?.logprob).toBeCloseTo(Math.log(own[0] ?? 0), 3);
      expect(found?.logprob).toBeGreaterThan(alone?.logprob ?? 0);
    }
  });

  test('coverage is near 1 for labels that suit the question and near 0 for others', async () => {
    const scene = imagePath('scene0.png');
    const fits = await model.classify(scene, counts, { question });
    const strange = await model.classify(scene, ['carpet', 'Ä 北京'], { question });
    expect(fits.coverage).toBeGreaterThan(0.9);
    expect(fits.coverage).toBeLessThanOrEqual(1);
    expect(strange.coverage).toBeLessThan(0.01);
    // Among themselves they are still a whole.
    const total = strange.distribution.reduce((all, one) => all + one.probability, 0);
    expect(total).toBeCloseTo(1, 12);
  });

  test('candidates fit wherever the longest of them does', async () => {
    const small = await PaliGemma.load(DEMO_MODEL, { contextLength: 80 });
    const scene = imagePath('scene0.png');
    const { usage } = await small.score(scene, 'ocr', ['1']);
    const room = 80 - usage.imageTokens - usage.promptTokens;
    const text = Array.from({ length: room }, () => '<loc0001>');
    const few = await small.score(scene, 'ocr', ['1', '2', text.join('')]);
    const many = await model.score(scene, 'ocr', ['1', '2', text.join('')]);
    for (const [i, { logprobs }] of few.candidates.entries()) {
      expect(logprobs.every(Number.isFinite)).toBe(true);
      expect(sum(logprobs)).toBeCloseTo(sum(many.candidates[i]?.logprobs ?? []), 1);
    }
    // Together they need more places than the context has.
    const crowd = Array.from({ length: 100 }, (_, i) => String(i * 37));
    const here = await small.score(scene, 'ocr', crowd);
    const there = await model.score(scene, 'ocr', crowd);
    expect(here.candidates.map(({ tokens }) => tokens)).toEqual(
      there.candidates.map(({ tokens }) => tokens),
    );
    for (const [i, { logprobs }] of here.candidates.entries()) {
      expect(sum(logprobs)).toBeCloseTo(sum(there.candidates[i]?.logprobs ?? []), 1);
    }
    await expect(small.score(scene, 'ocr', [`${text.join('')}<loc0001>`])).rejects.toMatchObject({
      code: 'ERR_PROMPT_TOO_LONG',
    });
    await small.dispose();
  });

  test('a thousand labels are scored over one prefix', async () => {
    const labels = Array.from({ length: 1000 }, (_, i) => `label ${i}`);
    const result = await model.classify(imagePath('scene0.png'), labels, { question });
    expect(result.distribution).toHaveLength(1000);
    expect(result.usage.promptTokens).toBeLessThan(40);
    const total = result.distribution.reduce((all, one) => all + one.probability, 0);
    expect(total).toBeCloseTo(1, 10);
  });

  test('what cannot be a candidate is refused by name', async () => {
    const scene = imagePath('scene0.png');
    for (const [candidates, code, found] of [
      [[], 'ERR_OPTION_RANGE', /0 texts.*1 to 10000/],
      ['yes', 'ERR_OPTION_TYPE', /"yes".*1 to 10000 texts/],
      [[''], 'ERR_OPTION_RANGE', /0 tokens long, expected 1 to 256/],
      [['ok', '<loc0001>'.repeat(257)], 'ERR_OPTION_RANGE', /257 tokens long, expected 1 to 256/],
      [['ok', 7], 'ERR_OPTION_TYPE', /7, expected a string/],
      [['x'.repeat(70_000)], 'ERR_PROMPT_TOO_LONG', /70000 characters, expected at most 65536/],
      [Array.from({ length: 10_001 }, () => 'a'), 'ERR_OPTION_RANGE', /10001 texts/],
    ] as const) {
      await expect(model.score(scene, 'ocr', candidates as never)).rejects.toMatchObject({
        code,
        message: expect.stringMatching(found),
      });
    }
    await expect(model.score(scene, 7 as never, ['a'])).rejects.toMatchObject({
      code: 'ERR_OPTION_TYPE',
    });
  });
});
