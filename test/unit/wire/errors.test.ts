/** Errors in JSON. */
import { expect, it } from 'vitest';
import { makeError } from '../../../src/errors.js';
import { errorJson } from '../../../src/wire/errors.js';

it('errors have code and message in JSON', () => {
  const error = makeError('ERR_IMAGE_FORMAT', 'a\nb is text', { hint: 'look' });
  expect(errorJson(error, 'cli')).toEqual({
    code: 'ERR_IMAGE_FORMAT',
    message: 'a\nb is text (look)',
  });
  expect(errorJson(Object.assign(new Error('full'), { code: 'ENOSPC' }), 'cli')).toEqual({
    code: 'ENOSPC',
    message: 'full',
  });
  expect(errorJson(null, 'cli')).toEqual({ code: 'ERR_UNKNOWN', message: 'null' });
});
