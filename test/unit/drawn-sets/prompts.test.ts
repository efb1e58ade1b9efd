/** Phrasings: every question of every set has several, and all of them can be put about every picture. */
import { describe, expect, it } from 'vitest';
import { drawnSetPrompts, fillPhrasing } from '../../../src/drawn-sets/prompts.js';
import { Random } from '../../../src/drawn-sets/random.js';
import { DRAWN_SETS, SETS } from '../../../src/drawn-sets/sets.js';

it('are there for every set, in order', () => {
  expect(drawnSetPrompts().map(({ name }) => name)).toEqual(DRAWN_SETS);
});

describe.each(drawnSetPrompts())('those of $name', ({ name, prompts, labels }) => {
  it('differ from each other, and there are at least four', () => {
    for (const { phrasings } of prompts) {
      expect(new Set(phrasings).size).toBe(phrasings.length);
      expect(phrasings.length).toBeGreaterThanOrEqual(4);
    }
  });

  it('have an answer in every picture, and words for all that they leave open', () => {
    for (let i = 0; i < 50; i++) {
      const { answers, values = {}, objects = [] } = SETS[name].draw(new Random(`${name} ${i}`));
      if (labels === undefined)
        expect(Object.keys(answers)).toEqual(prompts.map(({ kind }) => kind));
      const about = labels?.filter(({ label }) =>
        objects.some((object) => object.label === label),
      ) ?? [values];
      expect(about.length).toBeGreaterThan(0);
      for (const words of about) {
        for (const phrasing of prompts.flatMap(({ phrasings }) => phrasings)) {
          expect(fillPhrasing(phrasing, { ...words })).not.toMatch(/[{}]/);
        }
      }
    }
  });
});

it('name one thing and several', () => {
  const { labels = [] } = drawnSetPrompts().find(({ name }) => name === 'plurals') ?? {};
  expect(labels).toContainEqual({ label: 'knife', plural: 'knives', one: 'a knife' });
  expect(labels).toContainEqual({ label: 'apple', plural: 'apples', one: 'an apple' });
});

it('leave words alone that have no value', () => {
  expect(fillPhrasing('how much is the {dish}, {sir}?', { dish: 'soup' })).toBe(
    'how much is the soup, {sir}?',
  );
});
