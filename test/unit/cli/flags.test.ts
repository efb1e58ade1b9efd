/** Declarations as flags: what is typed arrives as the option, required ones are asked for. */
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { addFlags, givenFlags } from '../../../src/cli/flags.js';
import {
  boolean,
  callback,
  integer,
  number,
  oneOf,
  path,
  REQUIRED,
  signal,
  string,
} from '../../../src/options/option.js';

const DECLARATIONS = {
  inputFile: path({ default: REQUIRED, cli: false, doc: 'an argument' }),
  type: oneOf(['f16', 'f32'], { default: REQUIRED, letter: 't', doc: 'number type' }),
  maxTokens: integer({ default: undefined, min: 1, max: 9, unit: 'tokens', doc: 'longest answer' }),
  topP: number({ default: 1, min: 0, aboveMin: true, max: 1, doc: 'part' }),
  upright: boolean({ default: true, doc: 'turn it' }),
  exact: boolean({ default: false, letter: 'e', doc: 'exactly' }),
  maskCodec: path({ default: undefined, doc: 'codec' }),
  device: string({ default: 'auto', minLength: 1, maxLength: 8, doc: 'where' }),
  onProgress: callback({ doc: 'called' }),
  signal: signal({ doc: 'abort' }),
};

/** What the flags give, or commander's message. */
function parse(...args: string[]): unknown {
  let message = '';
  const command = new Command('test').exitOverride().configureOutput({
    writeErr: (text) => {
      message += text;
    },
  });
  addFlags(
    command.action(() => {}),
    'Flags:',
    DECLARATIONS,
  );
  try {
    return givenFlags(DECLARATIONS, command.parse(args, { from: 'user' }).opts());
  } catch (error) {
    if (message === '') throw error;
    return message.trim();
  }
}

describe('flags', () => {
  it('give the options that were typed', () => {
    const typed = ['-t', 'f32', '--max-tokens', '3', '--no-upright', '-e', '--mask-codec', 'a b'];
    expect(parse(...typed)).toEqual({
      type: 'f32',
      maxTokens: 3,
      upright: false,
      exact: true,
      maskCodec: 'a b',
    });
  });

  it('leave what was not typed to the declarations', () => {
    expect(parse('--type', 'f16')).toEqual({ type: 'f16', upright: true });
  });

  it.each([
    [[], "required option '-t, --type <f16|f32>' not specified"],
    [['-t', 'f61'], 'expected one of "f16", "f32" (did you mean "f16"?)'],
    [['-t', 'f16', '--max-tokens', '10'], 'expected an integer from 1 to 9 tokens'],
    [['-t', 'f16', '--mask-codec', ''], 'expected a path of 1 to 4096 characters without NUL'],
    [['-t', 'f16', '--input-file', 'x'], "unknown option '--input-file'"],
    [['-t', 'f16', '--signal', 'x'], "unknown option '--signal'"],
  ])('refuse %o', (args, message) => {
    expect(parse(...args)).toContain(message);
  });

  it('say in the help what they take', () => {
    const command = new Command('test').configureHelp({ helpWidth: 200 });
    addFlags(command, 'Flags:', DECLARATIONS);
    const help = command.helpInformation().replace(/ {2,}/g, '  ');
    for (const line of [
      '-t, --type <f16|f32>  number type (required)',
      '--max-tokens <n>  longest answer (integer from 1 to 9 tokens)',
      '--top-p <x>  part (number above 0 and up to 1; default 1)',
      '--no-upright  do not turn it',
      '-e, --exact  exactly',
      '--mask-codec <file>  codec',
      '--device <text>  where (default auto)',
    ]) {
      expect(help).toContain(`  ${line}\n`);
    }
    expect(help).not.toMatch(/input-file|on-progress|signal/);
  });
});
