/** What the task methods return, on the demo model. How their calls run: task-runs.test.ts. Scores are checked in test/parity. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PaliGemma, type SegmentedObject } from '../../src/index.js';
import { DEMO_MODEL, imagePath } from '../support/models.js';
import { failOnUnhandled } from '../support/unhandled.js';

const SCENE = imagePath('scene2.png');
const LABELS = ['black star', 'yellow triangle', 'yellow star', 'green square'];

failOnUnhandled();
let model: PaliGemma;
beforeAll(async () => {
  model = await PaliGemma.load(DEMO_MODEL);
});
afterAll(() => model.dispose());

describe('results', () => {
  test('caption: the text, its prompt, what it cost', async () => {
    const result = await model.caption(SCENE);
    expect(result).toMatchObject({
      prompt: 'caption en',
      text: 'a green square, a black square, a yellow star and a yellow triangle',
      finishReason: 'stop',
      image: { width: 224, height: 224 },
    });
    expect(result.raw).toBe(result.text);
    expect(result.score).toBeGreaterThan(0);
    expect(result.score).toBeLessThan(1);
    expect(result.usage.completionTokens).toBeGreaterThan(10);
    const spanish = await model.caption(SCENE, { language: 'es', length: 'short' });
    expect(spanish.prompt).toBe('cap es');
  });

  test('ask, bare, and as a number or yes or no', async () => {
    const question = 'how many shapes are there?';
    expect(await model.ask(SCENE, ` ${question} `)).toMatchObject({
      prompt: `answer en ${question}`,
      text: '3',
    });
    expect((await model.ask(SCENE, question, { bare: true })).prompt).toBe(question);
    expect(await model.ask(SCENE, question, { kind: 'number' })).toMatchObject({ text: '3' });
    const yesNo = await model.ask(SCENE, question, { kind: 'yes-no' });
    expect(['yes', 'no']).toContain(yesNo.text);
    // Scores are of the model itself: it would not have generated that.
    expect(yesNo.score).toBeLessThan(0.1);
    expect((await model.ask([SCENE, SCENE], question)).usage.imageTokens).toBe(128);
  });

  test('ocr: the text and each word with its score', async () => {
    const { text, words, prompt, score } = await model.ocr(imagePath('text0.png'));
    expect([prompt, text]).toEqual(['ocr', 'ID 472']);
    expect(words.map((word) => word.text)).toEqual(['ID', '472']);
    for (const word of words) {
      expect(word.score).toBeGreaterThanOrEqual(score);
      expect(word.score).toBeLessThanOrEqual(1);
    }
  });

  test('detect: boxes in pixels of the original, with both parts of the score', async () => {
    const result = await model.detect(imagePath('wide.jpg'), ['purple circle', 'yellow triangle']);
    expect(result).toMatchObject({
      prompt: 'detect purple circle ; yellow triangle',
      labels: ['purple circle', 'yellow triangle'],
      image: { width: 641, height: 419 },
      incomplete: 0,
      dropped: [],
      finishReason: 'stop',
    });
    expect(result.detections.length).toBeGreaterThan(0);
    const bins = [...result.raw.matchAll(/<loc(\d{4})>/g)].map((match) => Number(match[1]));
    for (const [i, { box, score, boxScore, labelScore }] of result.detections.entries()) {
      const [ymin = 0, xmin = 0, ymax = 0, xmax = 0] = bins.slice(4 * i, 4 * i + 4);
      expect(box.xmin).toBeCloseTo((xmin / 1023) * 641, 9);
      expect(box.ymin).toBeCloseTo((ymin / 1023) * 419, 9);
      expect(box.xmax).toBeCloseTo((xmax / 1023) * 641, 9);
      expect(box.ymax).toBeCloseTo((ymax / 1023) * 419, 9);
      expect(score).toBeCloseTo(boxScore * labelScore, 12);
      expect(score).toBeGreaterThan(0);
      expect(score).toBeLessThanOrEqual(1 + 1e-6);
    }
  });

  test('detect: minScore, restrictLabels and expectedBox do what they say', async () => {
    const all = await model.detect(SCENE, LABELS);
    expect(all.detections.length).toBeGreaterThan(1);
    const best = Math.max(...all.detections.map(({ score }) => score));
    const some = await model.detect(SCENE, LABELS, { minScore: best });
    expect(some.detections.map(({ score }) => score)).toEqual([best]);
    expect(some.belowMinScore).toBe(all.detections.length + all.duplicates - 1 - some.duplicates);

    const strange = await model.detect(SCENE, ['black star'], {
      restrictLabels: true,
      temperature: 3,
      seed: 1,
      maxTokens: 100,
    });
    for (const { label } of strange.detections) expect(label).toBe('black star');

    const mean = await model.detect(SCENE, LABELS, { expectedBox: true });
    expect(mean.raw).toBe(all.raw);
    for (const [i, { box, score }] of mean.detections.entries()) {
      expect(score).toBe(all.detections[i]?.score);
      expect(box).not.toEqual(all.detections[i]?.box);
      expect(Math.min(box.xmin, box.ymin)).toBeGreaterThanOrEqual(0);
      expect(Math.max(box.xmax, box.ymax)).toBeLessThanOrEqual(224);
    }
  });

  test('detect: what is cut off is left out and counted', async () => {
    const whole = await model.detect(SCENE, LABELS);
    const cut = await model.detect(SCENE, LABELS, { maxTokens: 10 });
    expect(cut).toMatchObject({ finishReason: 'length', incomplete: 1 });
    expect(cut.dropped).toEqual([
      { text: expect.stringMatching(/^(<loc\d{4}>){2}$/), reason: 'incomplete' },
    ]);
    expect(cut.detections).toEqual([whole.detections[0]]);
  });

  test('segment: a mask in each box, and all three parts of the score', async () => {
    const run = model.segment(imagePath('wide.jpg'), 'yellow triangle');
    const parts: SegmentedObject[] = [];
    for await (const part of run) parts.push(part);
    const result = await run;
    expect(result).toMatchObject({
      prompt: 'segment yellow triangle',
      labels: ['yellow triangle'],
      image: { width: 641, height: 419 },
      dropped: [],
    });
    expect(result.segments).toHaveLength(1);
    expect(parts).toEqual(result.segments);
    for (const { label, score, labelScore, boxScore, maskScore, box, mask } of result.segments) {
      expect(label).toBe('yellow triangle');
      expect(score).toBeCloseTo(labelScore * boxScore * maskScore, 12);
      expect(maskScore).toBeGreaterThan(0);
      expect(maskScore).toBeLessThan(1);
      expect(mask.image).toEqual({ width: 641, height: 419 });
      // A triangle fills half of its box.
      const boxArea = (box.xmax - box.xmin) * (box.ymax - box.ymin);
      expect(mask.area / boxArea).toBeGreaterThan(0.3);
      expect(mask.area / boxArea).toBeLessThan(0.7);
    }
  });

  test('segment: constrained or not, the answer is the same; restricted, so is its label', async () => {
    const [kept, free, strange] = await Promise.all([
      model.segment(SCENE, 'green square'),
      model.segment(SCENE, 'green square', { constrained: false }),
      model.segment(SCENE, 'cat', { restrictLabels: true, temperature: 2, seed: 5, maxTokens: 60 }),
    ]);
    expect(kept.segments.length).toBeGreaterThan(0);
    expect([kept.raw, kept.segments]).toEqual([free.raw, free.segments]);
    for (const { label } of strange.segments) expect(label).toBe('cat');
  });

  test('refer: one box with its mask, called by the phrase', async () => {
    const { prompt, segments, raw } = await model.refer(SCENE, 'the green square', {
      temperature: 0,
    });
    expect(prompt).toBe('the green square');
    expect(raw).toMatch(/^(<loc\d{4}>){4}(<seg\d{3}>){16}$/);
    expect(segments.length).toBeLessThanOrEqual(1);
    for (const { label } of segments) expect(label).toBe('the green square');
  });

  test('compare: true, false or neither', async () => {
    const result = await model.compare([SCENE, imagePath('scene0.png')], 'both show a star');
    expect(result.prompt).toBe('answer en both show a star');
    expect(result.usage.imageTokens).toBe(128);
    // The demo model was not trained on pairs: what it says is no verdict.
    const said = result.text.toLowerCase();
    const verdicts = new Map([
      ['true', true],
      ['yes', true],
      ['false', false],
      ['no', false],
    ]);
    expect(result.answer).toBe(verdicts.get(said));
  });

  test('generate: any prompt, with the tokens', async () => {
    const result = await model.generate(SCENE, 'caption en', { topLogprobs: 2 });
    const caption = await model.caption(SCENE);
    expect([result.text, result.score]).toEqual([caption.text, caption.score]);
    expect(model.detokenize(result.tokens)).toBe(result.raw);
    expect(result.logprobs).toHaveLength(result.tokens.length);
    expect(result.topLogprobs?.[0]?.[0]?.token).toBe(result.tokens[0]);
    expect(await model.generate(SCENE, '', {})).not.toHaveProperty('topLogprobs');
  });

  test('pictures of one pixel and of one line have answers and boxes inside them', async () => {
    for (const name of ['dot.png', 'line.png']) {
      const { image } = await model.caption(imagePath(name));
      expect(Math.min(image.width, image.height)).toBe(1);
      const { detections } = await model.detect(imagePath(name), LABELS, { maxTokens: 60 });
      for (const { box } of detections) {
        expect(box.xmin).toBeGreaterThanOrEqual(0);
        expect(box.xmax).toBeLessThanOrEqual(image.width);
        expect(box.ymax).toBeLessThanOrEqual(image.height);
      }
      await expect(model.classify(imagePath(name), LABELS)).resolves.toMatchObject({ image });
    }
  });
});

describe('a box without area', () => {
  test('is reported, not given', async () => {
    // At a high temperature half of all boxes have their edges the wrong way round.
    const found = await Promise.all(
      Array.from({ length: 12 }, (_, seed) =>
        model.detect(SCENE, 'star', { temperature: 50, seed, restrictLabels: true, maxTokens: 40 }),
      ),
    );
    const empty = found.flatMap(({ dropped }) =>
      dropped.filter(({ reason }) => reason === 'emptyBox'),
    );
    expect(empty.length).toBeGreaterThan(0);
    for (const { text } of empty) {
      const edges = [...text.matchAll(/<loc(\d{4})>/g)].map((match) => Number(match[1]));
      const [ymin = 0, xmin = 0, ymax = 0, xmax = 0] = edges;
      expect(ymax > ymin && xmax > xmin).toBe(false);
    }
    for (const { detections } of found) {
      for (const { box } of detections) {
        expect(box.xmax).toBeGreaterThan(box.xmin);
        expect(box.ymax).toBeGreaterThan(box.ymin);
      }
    }
  });
});

describe('the pattern of generate', () => {
  test('is kept to, greedily and at any temperature', async () => {
    for (const [pattern, form] of [
      ['\\d{3}', /^\d{3}$/],
      ['\\d{1,4}(\\.\\d{2})?', /^\d{1,4}(\.\d{2})?$/],
      ['(red|green) (star|square)', /^(red|green) (star|square)$/],
      ['\\d{4}-\\d{2}-\\d{2}', /^\d{4}-\d{2}-\d{2}$/],
      ['<loc>{4} a dog', /^(<loc\d{4}>){4} a dog$/],
      ['[Ä北]{2}', /^[Ä北]{2}$/],
    ] as const) {
      for (const temperature of [0, 1, 20]) {
        const result = await model.generate(SCENE, 'caption en', {
          pattern,
          temperature,
          seed: 3,
          maxTokens: 30,
        });
        expect(result.text).toMatch(form);
        expect(result.finishReason).toBe('stop');
      }
    }
  });

  test('does not change what the model says of itself', async () => {
    const free = await model.generate(SCENE, 'answer en how many shapes are there?');
    const kept = await model.generate(SCENE, 'answer en how many shapes are there?', {
      pattern: '\\d+',
    });
    expect(kept.tokens).toEqual(free.tokens);
    expect(kept.score).toBe(free.score);
  });

  for (const [pattern, message] of [
    ['(', 'pattern ends at byte 1, expected ")"'],
    ['ab)', 'pattern has ")" at byte 2'],
    ['a**', 'pattern has "*" at byte 2, expected no second repetition'],
    ['*', 'pattern has "*" at byte 0'],
    ['a{3,2}', 'a count that is not below the first'],
    ['a{1001}', 'expected at most 1000 repetitions'],
    ['[b-a]', 'a range that does not go backwards'],
    ['[]', 'a class of at least one character'],
    ['Ä\\q', 'at byte 3, expected d, n or a punctuation mark after the backslash'],
    ['<loc', 'pattern has "<" at byte 0'],
    ['(((a{1000}){1000}){1000})', 'pattern has more than'],
  ] as const) {
    test(`"${pattern}" is refused with its place`, async () => {
      await expect(model.generate(SCENE, 'ocr', { pattern })).rejects.toMatchObject({
        code: 'ERR_OPTION_RANGE',
        subject: 'pattern',
        message: expect.stringContaining(message),
      });
    });
  }

  test('that the vocabulary cannot spell, or of another type, is refused', async () => {
    for (const [pattern, code] of [
      ['', 'ERR_OPTION_RANGE'],
      ['a\0b', 'ERR_OPTION_RANGE'],
      ['x'.repeat(1_000_001), 'ERR_OPTION_RANGE'],
      [/\d+/, 'ERR_OPTION_TYPE'],
      [7, 'ERR_OPTION_TYPE'],
    ] as const) {
      await expect(
        model.generate(SCENE, 'ocr', { pattern: pattern as never }),
      ).rejects.toMatchObject({ code, subject: 'pattern' });
    }
    expect((await model.ocr(imagePath('text0.png'))).text).toBe('ID 472');
  });
});
