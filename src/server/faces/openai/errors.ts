/** Failures in the shape of OpenAI's API. Codes are texts: ours, which docs/errors.md explains. */
import type { ErrorCode } from '../../../errors.js';
import { makeError } from '../../../errors.js';
import type { Failure } from '../../errors.js';
import type { Face } from '../../service.js';

const TYPES: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  429: 'rate_limit_error',
};

/** The fields of a request that ours are called in the API. */
const PARAMS: ReadonlyMap<string, string> = new Map([
  ['maxTokens', 'max_completion_tokens'],
  ['topP', 'top_p'],
  ['topLogprobs', 'top_logprobs'],
]);

/** Of chat completions; other APIs have it elsewhere. */
export const RESPONSE_FORMAT = 'response_format';

/** `pictures`, `prompt`: the fields that they are in. */
export function errorBodyOf(pictures: string, prompt = pictures): Face['errorBody'] {
  return (failure) => {
    const { status, code, message, subject } = failure;
    return {
      error: {
        message,
        type: TYPES[status] ?? (status < 500 ? 'invalid_request_error' : 'server_error'),
        param: paramOf(status, code, subject, { pictures, prompt }),
        code: subject === RESPONSE_FORMAT ? 'unsupported_response_format' : code,
        ...(code === 'ERR_PROMPT_TOO_LONG' && tooLong(failure)),
      },
    };
  };
}

/** As llama-server says it, which clients read to shorten what they send. */
function tooLong({ found, expected }: Failure): object {
  const [tokens, context] = [found, expected].map((text = '') => /\d+(?= |$)/.exec(text)?.[0]);
  return {
    type: 'exceed_context_size_error',
    ...(tokens !== undefined && { n_prompt_tokens: Number(tokens) }),
    ...(context !== undefined && { n_ctx: Number(context) }),
  };
}

function paramOf(
  status: number,
  code: string,
  subject: string | undefined,
  { pictures, prompt }: { readonly pictures: string; readonly prompt: string },
): string | null {
  // Whatever the error itself is about.
  if (code.startsWith('ERR_IMAGE_') || subject === 'images') return pictures;
  if (code.startsWith('ERR_PROMPT_') || subject === 'prompt') return prompt;
  if (subject === undefined || status >= 500) return null;
  if (subject === RESPONSE_FORMAT && prompt === 'input') return 'text.format';
  return PARAMS.get(subject) ?? subject;
}

/** What the responses API calls faults of pictures. */
const PICTURE_CODES: Readonly<Partial<Record<ErrorCode, string>>> = {
  ERR_IMAGE_FORMAT: 'unsupported_image_media_type',
  ERR_IMAGE_CORRUPT: 'image_parse_error',
  ERR_IMAGE_TOO_LARGE: 'image_too_large',
  ERR_IMAGE_NOT_FOUND: 'failed_to_download_image',
};

/** The code inside of a response that failed. */
export const responseCodeOf = ({ code }: Failure): string => PICTURE_CODES[code] ?? code;

/** A field of a request that is not what it must be. */
export function badField(name: string, found: string, expected: string, hint?: string): Error {
  return makeError('ERR_REQUEST_FORMAT', `${name} is ${found}, expected ${expected}`, {
    ...{ name, found, expected },
    ...(hint !== undefined && { hint }),
  });
}
