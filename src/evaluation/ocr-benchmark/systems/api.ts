/** Any server with OpenAI's chat completions: the picture goes as a data URL. The key is that of OPENAI_API_KEY. */
import { readFile } from 'node:fs/promises';
import { makeError, type PaliGemmaError } from '../../../errors.js';
import { oneLine, showThrown } from '../../../options/show.js';
import { within } from '../child.js';
import {
  type OpenOptions,
  type Question,
  type Reading,
  type System,
  type SystemSource,
  untuned,
} from '../system.js';

/** Answers are read whole: a server that sends without end must not fill the memory. */
const LONGEST_ANSWER = 1 << 20;

/** `url` is what the paths of the API follow: `https://api.openai.com/v1`. */
export function apiSource(spec: string, url: string, model: string): SystemSource {
  return {
    spec,
    check: async () => untuned(model),
    open: async (options) => [openApi(url, model, options)],
  };
}

function openApi(url: string, model: string, { timeoutMs }: OpenOptions): System {
  const address = `${url.replace(/\/+$/, '')}/chat/completions`;
  return {
    ...{ name: model, version: new URL(address).host, threads: undefined, startSeconds: 0 },
    modes: [],
    read: (question, signal) => {
      const gone = new AbortController();
      const stop = (): void => gone.abort();
      const answer = ask(address, model, question, gone.signal);
      return within(answer, { ms: timeoutMs, signal, name: model, stop });
    },
    close: async () => {},
  };
}

async function ask(
  address: string,
  model: string,
  { crop, prompt }: Question,
  signal: AbortSignal,
): Promise<Reading> {
  const picture = `data:image/png;base64,${(await readFile(crop.file)).toString('base64')}`;
  const content = [
    { type: 'text', text: prompt },
    { type: 'image_url', image_url: { url: picture } },
  ];
  const key = process.env['OPENAI_API_KEY'];
  const body = { model, temperature: 0, messages: [{ role: 'user', content }] };
  let text: string;
  try {
    const response = await fetch(address, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(key && { authorization: `Bearer ${key}` }),
      },
      body: JSON.stringify(body),
      signal,
    });
    text = await textOf(response);
    if (!response.ok) throw refused(model, `answered ${response.status}: ${text.slice(0, 300)}`);
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ERR_SYSTEM') throw cause;
    const inner = cause instanceof Error && cause.cause ? ` (${showThrown(cause.cause)})` : '';
    throw refused(model, `cannot be reached: ${showThrown(cause)}${inner}`);
  }
  return readingOf(model, text);
}

async function textOf(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response.body ?? []) {
    parts.push(part);
    length += part.length;
    if (length > LONGEST_ANSWER)
      throw refused('the answer', `is longer than ${LONGEST_ANSWER} bytes`);
  }
  return Buffer.concat(parts).toString('utf8');
}

interface Completion {
  readonly choices?: readonly { readonly message?: { readonly content?: unknown } }[];
  readonly usage?: { readonly prompt_tokens?: unknown; readonly completion_tokens?: unknown };
}

function readingOf(model: string, text: string): Reading {
  let answer: Completion | null;
  try {
    answer = JSON.parse(text) as Completion | null;
  } catch {
    throw refused(model, `answered with no JSON: ${text.slice(0, 100)}`);
  }
  const content = answer?.choices?.[0]?.message?.content;
  if (typeof content !== 'string')
    throw refused(model, 'answered without choices[0].message.content');
  const { prompt_tokens: input, completion_tokens: output } = answer?.usage ?? {};
  const hasTokens = typeof input === 'number' && typeof output === 'number';
  return { text: content, ...(hasTokens && { tokens: { input, output } }) };
}

function refused(name: string, what: string): PaliGemmaError {
  return makeError('ERR_SYSTEM', `${oneLine(name)} ${oneLine(what)}`, {
    ...{ name: oneLine(name), found: oneLine(what), expected: 'a chat completion' },
  });
}
