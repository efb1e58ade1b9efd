/** What is wrong with a request is named as the client named it, in every face. */
import { expect, it } from 'vitest';
import { DATA_URL, useServer } from '../../support/server.js';

const server = useServer();

/** No base64, of which % is no part. */
const BAD = '%zz%';
const BASE64 = DATA_URL.slice(DATA_URL.indexOf(',') + 1);
const PROMPT = 'caption en';
const predicate = { type: 'predicate', instructions: 'is there a circle?' };
const noul = { ...predicate, type: 'noul' };
const message = (part: object) => [{ role: 'user', content: [part] }];

/** Where faces have the name; some only in the message. */
interface Refused {
  readonly message?: string;
  readonly detail?: readonly { readonly loc: readonly string[] }[];
  readonly error?: { readonly message: string; readonly param?: string };
}

const CASES: readonly (readonly [route: string, body: object, name: string, words: RegExp])[] = [
  [
    '/infer/lmm',
    { prompt: PROMPT, image: { type: 'base64', value: BASE64 }, max_new_tokens: 5000 },
    'max_new_tokens',
    /^max_new_tokens is 5000, expected 1 to/,
  ],
  [
    '/infer/lmm',
    { prompt: PROMPT, image: { type: 'base64', value: BAD } },
    '',
    /^image\.value has characters that are not base64/,
  ],
  [
    '/infer/lmm',
    {
      prompt: PROMPT,
      image: [
        { type: 'base64', value: BASE64 },
        { type: 'base64', value: BAD },
      ],
    },
    '',
    /^image\[1\]\.value has characters that are not base64/,
  ],
  [
    '/paligemma/workflows/caption',
    { inputs: { photo: { type: 'base64', value: BAD } } },
    '',
    /^inputs\.photo\.value has characters that are not base64/,
  ],
  [
    '/v1/systemone',
    { state: 'x', assets: { a: { type: 'image', data_base64: BAD } }, questions: { q: noul } },
    '',
    /^assets\.a\.data_base64 has characters that are not base64/,
  ],
  ...[{}, null, undefined, 7, { url: 7 }].flatMap((image_url) => {
    const [part, input] = ['image_url', 'input_image'].map((type) => message({ type, image_url }));
    const words = /^input is with a part input_image without an address/;
    return [
      [
        '/v1/chat/completions',
        { messages: part },
        'messages',
        /^messages is with a part image_url without an address/,
      ],
      ['/v1/decisions', { input, questions: [predicate] }, 'input', words],
      ['/v1/responses', { input }, 'input', words],
    ] as [string, object, string, RegExp][];
  }),
];

it.each(CASES)('%s %j', async (route, body, name, words) => {
  const answer = await server.post(route, body);
  const refused = (await answer.json()) as Refused;
  expect(answer.status).toBeGreaterThanOrEqual(400);
  expect(answer.status).toBeLessThan(500);
  expect(refused.error?.message ?? refused.message).toMatch(words);
  const found = refused.error?.param ?? refused.detail?.[0]?.loc.at(-1);
  if (name !== '') expect(found).toBe(name);
});
