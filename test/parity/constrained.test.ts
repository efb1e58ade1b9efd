/** What the grammar does to answers: nothing to a well-formed greedy one, and no malformed one gets through, however it is drawn. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PaliGemma, type Picture, type Piece, type Prediction } from '../../src/index.js';
import type { GenerateOptions } from '../../src/options/types.js';
import { parseBoolean } from '../../src/tasks/fields/boolean.js';
import { parseCurrency } from '../../src/tasks/fields/currency.js';
import { parseInteger, parseNumber } from '../../src/tasks/fields/number.js';
import { FIELD_PATTERNS } from '../../src/tasks/fields/patterns.js';
import { parseTime } from '../../src/tasks/fields/time.js';
import {
  BOX_TOKENS,
  type Dropped,
  type Instance,
  InstanceParser,
  MASK_TOKENS,
} from '../../src/tasks/instances.js';
import { detectPattern, segmentPattern } from '../../src/tasks/patterns.js';
import {
  type Case,
  type CheckpointName,
  cases,
  checkpointFolder,
  convertedModel,
  DEMO_MODEL,
  imagePath,
} from '../support/models.js';
import { needsReference } from '../support/needs.js';

/** The form of an answer, written apart from the grammar. */
const LABEL = '(?! )((?!<loc|<seg)[^;\\n])+';
const INSTANCE = `(<loc\\d{4}>){4}((<seg\\d{3}>){16})? ${LABEL}`;
const WELL_FORMED = new RegExp(`^(${INSTANCE}( ; ${INSTANCE})*)?$`, 'u');

function patternOf(c: Pick<Case, 'prompt' | 'text'>): string | undefined {
  if (c.prompt.startsWith('segment ')) return segmentPattern();
  // The empty prompt of the fixtures is answered with a box.
  if (c.prompt.startsWith('detect ') || (c.prompt === '' && c.text.startsWith('<loc'))) {
    return detectPattern();
  }
  return undefined;
}

interface Parsed {
  readonly prediction: Prediction;
  readonly instances: readonly Instance[];
  readonly dropped: readonly Dropped[];
}

async function parsed(
  model: PaliGemma,
  picture: Picture,
  prompt: string,
  options: GenerateOptions,
): Promise<Parsed> {
  const stream = model.stream(picture, prompt, options);
  const parser = new InstanceParser();
  const instances: Instance[] = [];
  for await (const piece of stream) instances.push(...parser.push(piece as Piece));
  const prediction = await stream.result;
  instances.push(...parser.end(prediction.finishReason === 'length'));
  return { prediction, instances, dropped: parser.dropped };
}

/** What is wrong with an answer that was made under a pattern; undefined when nothing is. */
function faultOf({ prediction, instances, dropped }: Parsed, segs: number): string | undefined {
  const isCut = prediction.finishReason === 'length';
  if (dropped.some(({ reason }) => reason !== 'incomplete')) return JSON.stringify(dropped);
  if (dropped.length > (isCut ? 1 : 0)) return `${dropped.length} dropped of an answer that ended`;
  if (!isCut && !WELL_FORMED.test(prediction.text)) return `ended as ${prediction.text}`;
  for (const one of instances) {
    if (one.locs.length !== BOX_TOKENS || one.segs.length !== segs) return 'tokens are missing';
    if (one.label === '') return `no label in ${prediction.text}`;
  }
  return undefined;
}

describe('a greedy answer that is well-formed', () => {
  const models: [CheckpointName, 'f32' | 'q8_0'][] = [
    ['shapes-mix-224', 'f32'],
    ['shapes-mix-224', 'q8_0'],
  ];
  for (const [name, type] of models) {
    const load = async (): Promise<PaliGemma> =>
      type === 'q8_0'
        ? PaliGemma.load(DEMO_MODEL)
        : PaliGemma.load(await convertedModel(name, type), { exactGelu: true, kvType: 'f32' });

    test(
      `is the same token by token under the grammar: ${name} in ${type}`,
      type === 'f32' ? needsReference(checkpointFolder(name)) : {},
      async () => {
        const model = await load();
        let checked = 0;
        for (const c of cases(name)) {
          const pattern = patternOf(c);
          if (pattern === undefined) continue;
          expect(c.text).toMatch(WELL_FORMED);
          const image = await model.prepare(imagePath(c.image));
          const free = await model.predict(image, c.prompt);
          const { prediction: kept, dropped } = await parsed(model, image, c.prompt, { pattern });
          expect(kept.tokens).toEqual(free.tokens);
          expect(kept.logprobs).toEqual(free.logprobs);
          expect([kept.finishReason, kept.endLogprob]).toEqual([
            free.finishReason,
            free.endLogprob,
          ]);
          expect(dropped).toEqual([]);
          if (type === 'f32') expect(kept.tokens).toEqual(c.suffix_ids.slice(0, -1));
          checked++;
        }
        // Four scenes with two detect prompts and one segment prompt each, and the empty prompt.
        expect(checked).toBe(13);
        await model.dispose();
      },
    );
  }

  test('is the same for prompts beyond the fixtures, in detect as in predict', async () => {
    const model = await PaliGemma.load(DEMO_MODEL);
    let wellFormed = 0;
    for (const name of ['scene0.png', 'scene1.png', 'scene2.png', 'wide.jpg', 'small.png']) {
      const image = await model.prepare(imagePath(name));
      for (const label of ['red circle', 'black square', 'green star', 'yellow triangle']) {
        for (const task of ['detect', 'segment']) {
          const prompt = `${task} ${label}`;
          const free = await model.predict(image, prompt, { maxTokens: 64 });
          if (!WELL_FORMED.test(free.text) || free.finishReason !== 'stop') continue;
          const pattern = task === 'detect' ? detectPattern() : segmentPattern();
          const kept = await model.predict(image, prompt, { maxTokens: 64, pattern });
          expect(kept.tokens).toEqual(free.tokens);
          wellFormed++;
          if (task === 'segment') continue;
          const o = { maxTokens: 64 };
          const plain = await model.detect(image, label, { ...o, constrained: false });
          expect(plain.raw).toBe(free.text);
          // Where the likeliest token begins a box, so does the sum of all that do.
          if (free.text === '') continue;
          expect((await model.detect(image, label, { ...o, minPresence: 0.5 })).raw).toBe(
            free.text,
          );
        }
      }
    }
    // All but a few: the model was trained on exactly these prompts.
    expect(wellFormed).toBeGreaterThan(35);
    await model.dispose();
  });
});

describe('a model that knows no form', () => {
  for (const name of ['tiny-paligemma1', 'tiny-paligemma2'] satisfies CheckpointName[]) {
    test(`speaks it under the grammar, and not without: ${name}`, async () => {
      const model = await PaliGemma.load(await convertedModel(name, 'f32'));
      for (const c of cases(name)) {
        const image = await model.prepare(imagePath(c.image));
        const free = await parsed(model, image, c.prompt, { maxTokens: 48 });
        expect(free.prediction.text).not.toMatch(WELL_FORMED);
        for (const [pattern, segs] of [
          [detectPattern(), 0],
          [detectPattern(['cat', 'a dog']), 0],
          [segmentPattern(), MASK_TOKENS],
          [segmentPattern(['cat', 'a dog']), MASK_TOKENS],
        ] as const) {
          const kept = await parsed(model, image, c.prompt, { maxTokens: 48, pattern });
          expect(faultOf(kept, segs)).toBeUndefined();
        }
      }
      await model.dispose();
    });
  }
});

describe('10,000 answers drawn at random temperatures', () => {
  let model: PaliGemma;
  let picture: Picture;
  beforeAll(async () => {
    // 16 image tokens: the cheapest prefix there is.
    model = await PaliGemma.load(await convertedModel('tiny-paligemma2', 'f32'));
    picture = await model.prepare(imagePath('scene0.png'));
  });
  afterAll(() => model.dispose());

  /** Runs `draw` for so many seeds and returns what is wrong with the answers and how often they came to an end. */
  async function drawAll(
    count: number,
    draw: (o: { seed: number; temperature: number }) => Promise<{
      fault: string | undefined;
      hasEnded: boolean;
      instances: number;
    }>,
  ): Promise<{ faults: string[]; ended: number; instances: number }> {
    const all = { faults: [] as string[], ended: 0, instances: 0 };
    for (let begin = 0; begin < count; begin += 250) {
      const batch = Array.from({ length: Math.min(250, count - begin) }, (_, i) => {
        const seed = begin + i;
        // 0.1 to 100, evenly on a logarithmic scale: from nearly greedy to nearly uniform.
        return draw({ seed, temperature: 10 ** (((seed * 7919) % 1000) / 333.3 - 1) });
      });
      for (const { fault, hasEnded, instances } of await Promise.all(batch)) {
        if (fault !== undefined) all.faults.push(fault);
        if (hasEnded) all.ended++;
        all.instances += instances;
      }
    }
    return all;
  }

  const LABELS = ['cat', 'carpet', 'car', 'a red car', '<eos>', '(1+1)*2?', 'Ä 北京'];

  for (const { title, count, segs, labels, maxTokens } of [
    { title: 'detect', count: 1500, segs: 0, labels: undefined, maxTokens: 12 },
    { title: 'detect with its labels only', count: 2500, segs: 0, labels: LABELS, maxTokens: 11 },
    { title: 'segment', count: 500, segs: MASK_TOKENS, labels: undefined, maxTokens: 26 },
    {
      title: 'segment with its labels only',
      count: 1000,
      segs: MASK_TOKENS,
      labels: LABELS,
      maxTokens: 26,
    },
  ]) {
    test(`${count} of ${title}`, { timeout: 120_000 }, async () => {
      const pattern = segs === 0 ? detectPattern(labels) : segmentPattern(labels);
      const { faults, ended, instances } = await drawAll(count, async (o) => {
        const one = await parsed(model, picture, 'detect cat', { ...o, pattern, maxTokens });
        const hasEnded = one.prediction.finishReason === 'stop';
        const stranger = labels && one.instances.find(({ label }) => !labels.includes(label));
        const fault = stranger ? `said ${stranger.label}` : faultOf(one, segs);
        return { fault, hasEnded, instances: one.instances.length };
      });
      expect(faults).toEqual([]);
      // Some were cut off, some were not, and they say something.
      expect(ended).toBeGreaterThan(0);
      expect(ended).toBeLessThan(count);
      expect(instances).toBeGreaterThan(count / 100);
    });
  }

  for (const { kind, count, read } of [
    { kind: 'yes-no', count: 1000, read: (text: string) => parseBoolean(text)?.value },
    { kind: 'number', count: 1000, read: (text: string) => parseNumber(text)?.value },
    { kind: 'integer', count: 500, read: (text: string) => parseInteger(text)?.value },
    { kind: 'currency', count: 1000, read: (text: string) => parseCurrency(text)?.value.amount },
    // What has the form of a day need not be one.
    { kind: 'date', count: 500, read: undefined },
    { kind: 'time', count: 500, read: (text: string) => parseTime(text)?.value },
  ] as const) {
    test(`${count} of ask with kind "${kind}"`, { timeout: 120_000 }, async () => {
      // The syntax of these patterns is that of JavaScript.
      const form = new RegExp(`^(${kind === 'yes-no' ? 'yes|no' : FIELD_PATTERNS[kind]})$`);
      const { faults, ended } = await drawAll(count, async (o) => {
        const { raw, finishReason } = await model.ask(picture, 'how many?', {
          ...o,
          kind,
          maxTokens: 12,
        });
        const hasEnded = finishReason === 'stop';
        const isRight = !hasEnded || (form.test(raw) && (!read || read(raw) !== undefined));
        return { fault: isRight ? undefined : raw, hasEnded, instances: 0 };
      });
      expect(faults).toEqual([]);
      expect(ended).toBeGreaterThan(count / 5);
    });
  }
});
