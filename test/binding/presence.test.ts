/**
 * Whether there is anything to find, asked of the sum of all places for a box: what presence is, what minPresence decides,
 * and that answers of other calls do not know of it.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { auroc } from '../../bench/quality/calibration-figures.mjs';
import { matchBoxes } from '../../bench/quality/figures.mjs';
import {
  absentLabels,
  labelOf,
  matching,
  Random,
  SEEDS,
  scene,
} from '../../bench/quality/scenes.mjs';
import { PaliGemma } from '../../src/index.js';
import { DEMO_MODEL } from '../support/models.js';

// A single label, of which the model is sure, and the end is still its likeliest token.
const SHAPES = 'examples/pictures/shapes.png';
const LABEL = 'white circle';
const PROMPT = `detect ${LABEL}`;
let model: PaliGemma;
beforeAll(async () => {
  model = await PaliGemma.load(DEMO_MODEL);
});
afterAll(() => model.dispose());

describe('presence', () => {
  test('is the sum over all places, against the end', async () => {
    const greedy = await model.predict(SHAPES, PROMPT, { locProbabilities: true });
    expect(greedy.text).toBe('');
    const forced = model.stream(SHAPES, PROMPT, { locProbabilities: true, pattern: '<loc>{4}.*' });
    const first = (await forced.next()).value;
    await forced.return();
    const places: number = first.locProbabilities.reduce((a: number, b: number) => a + b, 0);
    const end = Math.exp(greedy.endLogprob);
    // Each place alone is less likely than the end, all together are far more so.
    expect(Math.max(...first.locProbabilities)).toBeLessThan(end);
    expect(places).toBeGreaterThan(10 * end);
    expect(greedy.endPresence).toBeCloseTo(places / (places + end), 6);
    const { detections, presence } = await model.detect(SHAPES, LABEL);
    expect(presence).toEqual([
      { label: LABEL, presence: expect.closeTo(greedy.endPresence ?? 0, 6) },
    ]);
    expect(detections.map((one) => one.presence)).toEqual([presence[0]?.presence]);
  });

  test('of each further box is that of its separator', async () => {
    const labels = [LABEL, 'orange triangle', 'yellow square'];
    const { detections, presence, raw } = await model.detect(SHAPES, labels);
    expect(detections.map(({ label }) => label)).toEqual(labels);
    expect(presence.map((one) => one.presence)).toEqual(detections.map((one) => one.presence));
    const stream = model.stream(SHAPES, `detect ${labels.join(' ; ')}`, { locProbabilities: true });
    const starts: string[] = [];
    for await (const piece of stream) {
      if (piece.presence !== undefined) starts.push(piece.text);
      else expect(piece.text).not.toContain(';');
    }
    const { text, endPresence } = await stream.result;
    expect(text).toBe(raw);
    expect(starts).toEqual([expect.stringMatching(/^<loc\d{4}>$/), ' ;', ' ;']);
    expect(endPresence).toBeLessThan(0.5);
  });

  test('of a label that was not found is that of one more box', async () => {
    const { presence, detections } = await model.detect(SHAPES, LABEL, { minPresence: 1 });
    expect(detections).toEqual([]);
    const found = await model.detect(SHAPES, LABEL);
    expect(presence).toEqual(found.presence);
    const cut = await model.detect(SHAPES, LABEL, { maxTokens: 2 });
    expect(cut.presence).toEqual([{ label: LABEL, presence: undefined }]);
  });
});

describe('minPresence', () => {
  test('decides from that presence on, at any temperature, in detect, segment and refer', async () => {
    const known = (await model.detect(SHAPES, LABEL)).presence[0]?.presence ?? 0;
    const ask = async (minPresence: number, temperature = 0): Promise<string[]> => {
      const o = { minPresence, temperature, seed: 3 };
      const [boxes, masks, phrase] = await Promise.all([
        model.detect(SHAPES, LABEL, o),
        model.segment(SHAPES, LABEL, o),
        model.refer(SHAPES, PROMPT, { ...o }),
      ]);
      return [boxes.raw, masks.raw, phrase.raw];
    };
    for (const temperature of [0, 1]) {
      const [boxes, , phrase] = await ask(known - 1e-6, temperature);
      expect(boxes).toMatch(/^(<loc\d{4}>){4} /);
      expect(phrase).toMatch(/^(<loc\d{4}>){4}(<seg\d{3}>){16}$/);
      const [none, , noPhrase] = await ask(known + 1e-6, temperature);
      expect([none, noPhrase]).toEqual(['', '']);
    }
    expect(await ask(1)).toEqual(['', '', '']);
    expect((await ask(0))[1]).toMatch(/^(<loc\d{4}>){4}(<seg\d{3}>){16} /);
  });

  test('a higher one ends the same answer earlier', async () => {
    const answers = await Promise.all(
      [0.001, 0.01, 0.04, 0.5, 0.99].map((minPresence) =>
        model.detect(SHAPES, LABEL, { minPresence, extra: true, duplicateIou: 1, maxTokens: 100 }),
      ),
    );
    const texts = answers.map(({ raw }) => raw);
    expect(new Set(texts).size).toBeGreaterThan(2);
    for (const [i, text] of texts.slice(1).entries()) {
      expect(texts[i]?.startsWith(text), `${texts[i]} begins with ${text}`).toBe(true);
    }
    for (const { detections } of answers.slice(1, 4)) {
      for (const { presence } of detections) expect(presence).toBeGreaterThanOrEqual(0.01);
    }
  });

  test('does not reach unconstrained answers, predict, stream, generate or score', async () => {
    const free = await model.detect(SHAPES, LABEL, { constrained: false, minPresence: 0 });
    expect([free.raw, free.detections]).toEqual(['', []]);
    // It reports what it would have decided by.
    expect(free.presence[0]?.presence).toBeGreaterThan(0.9);
    expect((await model.predict(SHAPES, PROMPT)).text).toBe('');
    expect((await model.generate(SHAPES, PROMPT)).text).toBe('');
    expect(await model.predict(SHAPES, PROMPT)).not.toHaveProperty('endPresence');
  });
});

describe('labels that were not asked for', () => {
  const wild = { minPresence: 0.001, maxTokens: 100, duplicateIou: 1 };

  test('are left out and counted, or returned with extra', async () => {
    const parts: string[] = [];
    const run = model.detect(SHAPES, LABEL, wild);
    for await (const { label } of run) parts.push(label);
    const own = await run;
    const all = await model.detect(SHAPES, LABEL, { ...wild, extra: true });
    expect(own.raw).toBe(all.raw);
    expect(own.unasked).toBeGreaterThan(0);
    expect(all.unasked).toBe(0);
    expect(all.detections.length).toBe(own.detections.length + own.unasked);
    expect(new Set(parts)).toEqual(new Set([LABEL]));
    expect(own.detections.every(({ asked, label }) => asked && label === LABEL)).toBe(true);
    for (const { asked, label } of all.detections) expect(asked).toBe(label === LABEL);
  });

  test('another number, article or letter case is the same label', async () => {
    const { detections } = await model.detect(
      SHAPES,
      [LABEL.toUpperCase(), 'the orange triangles'],
      {
        ...wild,
        restrictLabels: true,
        extra: true,
      },
    );
    expect(detections.length).toBeGreaterThan(0);
    expect(detections.every(({ asked }) => asked)).toBe(true);
  });
});

test('robust detection has the presence of each label, by the label that was given', async () => {
  const { presence, detections } = await model.detect(SHAPES, ['yellow square', LABEL], {
    robust: true,
  });
  expect(presence.map(({ label }) => label)).toEqual(['yellow square', LABEL]);
  for (const one of presence) {
    expect(one.presence).toBeGreaterThan(0);
    expect(one.presence).toBeLessThanOrEqual(1);
  }
  for (const one of detections) expect(one.asked).toBe(true);
});

test('on fresh scenes a single label is found more often, and presence tells present from absent', async () => {
  const records: { score: number; isRight: boolean }[] = [];
  const right = { presence: 0, greedy: 0 };
  for (let index = 0; index < 60; index++) {
    const random = new Random(SEEDS.tests + 7, index);
    const picture = scene(random);
    const prepared = await model.prepare(picture);
    const label = random.pick([...new Set(picture.objects.map(labelOf))]);
    const truth = matching(picture.objects, label).map(({ box }) => box);
    const found = await model.detect(prepared, label);
    const greedy = await model.detect(prepared, label, { constrained: false });
    right.presence += matchBoxes(
      found.detections.map(({ box }) => box),
      truth,
    ).used.size;
    right.greedy += matchBoxes(
      greedy.detections.map(({ box }) => box),
      truth,
    ).used.size;
    const absent = await model.detect(prepared, random.pick(absentLabels(picture.objects)));
    records.push({ score: found.presence[0]?.presence ?? 0, isRight: true });
    records.push({ score: absent.presence[0]?.presence ?? 0, isRight: false });
  }
  expect(right.presence).toBeGreaterThan(2 * right.greedy);
  expect(right.presence).toBeGreaterThan(20);
  expect(auroc(records)).toBeGreaterThan(0.65);
});
