/** Names of other tools, answered by the library as by the command line. */
import { describe, expect, it } from 'vitest';
import { GENERATE_OPTIONS } from '../../../src/options/generate.js';
import { LOAD_OPTIONS } from '../../../src/options/load.js';
import type { Declarations } from '../../../src/options/option.js';
import { parseOptions } from '../../../src/options/option.js';
import { OTHER_NAMES, otherName } from '../../../src/options/other-names.js';
import { DETECT_OPTIONS } from '../../../src/options/tasks.js';
import { errorOf } from '../../support/input-error.js';

describe('an option of another tool', () => {
  it.each<[string, Declarations, string]>([
    ['threshold', DETECT_OPTIONS, 'minScore'],
    ['conf', DETECT_OPTIONS, 'minScore'],
    ['scoreThreshold', DETECT_OPTIONS, 'minScore'],
    ['iou_threshold', DETECT_OPTIONS, 'duplicateIou'],
    ['n_predict', GENERATE_OPTIONS, 'maxTokens'],
    ['max_new_tokens', GENERATE_OPTIONS, 'maxTokens'],
    ['num_ctx', LOAD_OPTIONS, 'contextLength'],
    ['gpu', LOAD_OPTIONS, 'device'],
  ])('%s is answered with ours', (name, declarations, ours) => {
    const error = errorOf(() => parseOptions('call', declarations, { [name]: 1 }));
    expect([error.code, error.hint]).toEqual(['ERR_OPTION_UNKNOWN', `did you mean ${ours}?`]);
  });

  it('is not answered where the call has nothing like it', () => {
    expect(otherName('threshold', Object.keys(LOAD_OPTIONS))).toBeUndefined();
    expect(otherName('constructor', Object.keys(LOAD_OPTIONS))).toBeUndefined();
  });

  it('is in one row only', () => {
    const names = OTHER_NAMES.flatMap((row) => row.names.split(' '));
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  });
});
