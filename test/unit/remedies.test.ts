/** What can be done about errors, in the words of each front. */
import { describe, expect, it } from 'vitest';
import { fromNative, makeError } from '../../src/errors.js';
import { type Front, REMEDIES, type RemedyName } from '../../src/remedies.js';
import { labelList } from '../../src/tasks/labels.js';

const NAMES = Object.keys(REMEDIES) as RemedyName[];
const wordsOf = (name: RemedyName, front: Front): string => REMEDIES[name](front, 'hf:owner/repo');

describe('the words of a remedy', () => {
  it.each(NAMES)(
    '%s name neither flags nor commands to programs, nor options to the shell',
    (name) => {
      // What is run by npx has no other way.
      expect(wordsOf(name, 'api').replace(/npx paligemma [a-z]+( --cuda)?/, '')).not.toMatch(
        /--[a-z]|paligemma [a-z]+/,
      );
      expect(wordsOf(name, 'cli')).not.toMatch(
        /\b[a-z]+[A-Z]\w*\b|\{ .* \}|\w\(\{?|\bset [a-z]+\b/,
      );
    },
  );

  it('name what the error is about', () => {
    const file = 'hf:owner/repo:a.gguf@main';
    expect(REMEDIES['convert-hub']('cli', file)).toContain('convert hf:owner/repo@main model.gguf');
    expect(REMEDIES.pull('api', 'hf:owner/repo')).toBe(
      "call pull('hf:owner/repo'), with neither offline nor HF_HUB_OFFLINE",
    );
  });
});

describe('an error', () => {
  const error = makeError('ERR_OUTPUT', 'a.gguf exists', { name: 'a.gguf', remedy: 'overwrite' });

  it('has the words for programs, and those of another front on request', () => {
    expect(error.message).toBe('a.gguf exists (remove it, choose another name or set overwrite)');
    expect(error.hint).toBe('remove it, choose another name or set overwrite');
    expect(error.messageFor('api')).toBe(error.message);
    expect(error.messageFor('cli')).toBe(
      'a.gguf exists (remove it, choose another name or use --overwrite)',
    );
  });

  it('names an option as the front does when it is about one', () => {
    const facts = { name: 'topK', found: '-1', expected: 'more' };
    for (const [lead, said] of [
      ['option topK', 'option --top-k'],
      ['topK', '--top-k'],
    ]) {
      const about = makeError('ERR_OPTION_RANGE', `${lead} is -1, expected more`, facts);
      expect(about.messageFor('cli')).toBe(`${said} is -1, expected more`);
      expect(about.messageFor('api')).toBe(about.message);
    }
    // A tensor of that name is no option, and a sentence that is not made of the facts stays.
    for (const [code, message] of [
      ['ERR_MODEL_TENSOR_SHAPE', 'topK is -1, expected more'],
      ['ERR_OPTION_RANGE', 'what topK is'],
    ] as const) {
      expect(makeError(code, message, facts).messageFor('cli')).toBe(message);
    }
  });

  it('keeps a hint that all fronts share', () => {
    const shared = makeError('ERR_DISPOSED', 'gone', { hint: 'load it again' });
    expect(shared.messageFor('cli')).toBe('gone (load it again)');
  });

  it('of the addon arrives with its remedy', () => {
    const native = { code: 'ERR_MODEL_TENSOR_MISSING', message: 'no codec', remedy: 'mask-codec' };
    expect(fromNative(native)).toMatchObject({
      hint: expect.stringContaining(
        "maskCodec: 'vae-oid.npz', a file that Google publishes (docs/conversion.md says where)",
      ),
    });
  });

  it('about labels says how several are given', () => {
    try {
      labelList('cat ; dog');
      expect.unreachable();
    } catch (caught) {
      const found = caught as typeof error;
      expect(found.message).toContain('(pass several labels as a list)');
      expect(found.messageFor('cli')).toContain(
        '(give each label by itself: --label cat --label dog)',
      );
    }
  });
});
