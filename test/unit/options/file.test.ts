/** Paths in messages: short enough to be read, whatever the caller passed. */
import { describe, expect, it } from 'vitest';
import { makeError, PaliGemmaError } from '../../../src/errors.js';
import { placeOf, withShortPaths } from '../../../src/options/file.js';
import { showPath } from '../../../src/options/show.js';

const LONG = `${'folder/'.repeat(700)}model.gguf`;

describe('a path in a message', () => {
  it('is whole up to 200 characters, on one line', () => {
    expect(showPath('a\nb')).toBe('a\\nb');
    expect(showPath('x'.repeat(200))).toBe('x'.repeat(200));
  });

  it('keeps its begin and its end where it is longer', () => {
    const shown = showPath(LONG);
    expect(shown).toHaveLength(201);
    expect(shown).toMatch(/^folder\/folder\/.*…older\/.*\/model\.gguf$/);
  });

  it('is shortened in the hint where it was looked for', () => {
    const place = placeOf(LONG) ?? '';
    expect(place).toMatch(/^looked for .*….*model\.gguf, as the working directory is /);
    expect(place.length).toBeLessThan(500);
  });

  it('is shortened in an error that has it already, which keeps its facts', () => {
    const cause = new Error('why');
    const error = makeError('ERR_MODEL_FORMAT', `${LONG} is none`, {
      name: LONG,
      found: 'text',
      expected: 'a model',
      remedy: 'convert',
      cause,
    });
    const short = withShortPaths(error, ['other.gguf', LONG]) as PaliGemmaError;
    expect(short).toBeInstanceOf(PaliGemmaError);
    expect(short).toMatchObject({
      code: error.code,
      subject: showPath(LONG),
      found: 'text',
      expected: 'a model',
      cause,
    });
    expect(short.message).toBe(error.message.replace(LONG, showPath(LONG)));
    expect(short.messageFor('cli')).toContain('paligemma convert');
    expect(withShortPaths(error, ['other.gguf'])).toBe(error);
  });
});
