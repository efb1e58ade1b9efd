/**
 * What a conversation asks: the model has no turns, and answers the last message of the user. Its text is the prompt; its
 * pictures come first, in their order.
 */
import { advisePrompt } from '../../../index.js';
import { badField } from './errors.js';
import type { PromptMode } from './fields.js';

export interface Turn {
  readonly text: string;
  /** Data URLs, ids of uploads or addresses. */
  readonly pictures: readonly unknown[];
  /** What was not sent, in sentences. */
  readonly notes: readonly string[];
}

interface Message {
  readonly role: string;
  readonly content: unknown;
}

/** `name`: of the field that has the messages. Throws ERR_REQUEST_FORMAT. */
export function readTurn(given: unknown, name: 'messages' | 'input'): Turn {
  const messages = typeof given === 'string' ? [{ role: 'user', content: given }] : given;
  if (!Array.isArray(messages) || messages.length === 0) {
    throw badField(name, 'no list of messages', 'a message of the user with a picture');
  }
  const users = messages.map((one) => readMessage(one, name)).filter(({ role }) => role === 'user');
  const turns = users.map(({ content }) => readParts(content, name));
  const last = turns.at(-1);
  const shown = turns.findLast(({ pictures }) => pictures.length > 0);
  if (last === undefined || shown === undefined) {
    const part = name === 'input' ? 'input_image' : 'image_url';
    throw badField(name, 'without a picture', `a message of the user with a part ${part}`);
  }
  return {
    text: last.texts.join(' '),
    pictures: shown.pictures,
    notes: [
      ...(messages.length > 1 ? ['only the last message of the user was sent'] : []),
      ...(shown === last ? [] : ['the picture is that of an earlier message']),
      ...(last.hasDetail ? ['detail was ignored: the model has one size of picture'] : []),
    ],
  };
}

function readMessage(given: unknown, name: string): Message {
  const { role, content } = (given ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof role === 'string') return { role, content };
  throw badField(name, 'a list with something else', 'messages, each with a role');
}

interface Content {
  readonly texts: string[];
  readonly pictures: unknown[];
  hasDetail: boolean;
}

function readParts(content: unknown, name: string): Content {
  const read: Content = { texts: [], pictures: [], hasDetail: false };
  const parts = typeof content === 'string' ? [{ type: 'text', text: content }] : content;
  if (!Array.isArray(parts)) throw badField(name, 'without content', 'a text or a list of parts');
  for (const part of parts as unknown[]) readPart(read, part, name);
  return read;
}

function readPart(read: Content, part: unknown, name: string): void {
  const { type, text } = (part ?? {}) as Readonly<Record<string, unknown>>;
  const picture = pictureOf(part);
  if (picture !== undefined) {
    checkAddress(picture.text, name);
    if (picture.detail !== 'auto') read.hasDetail = true;
    read.pictures.push(picture.text);
  } else if ((type === 'text' || type === 'input_text') && typeof text === 'string') {
    read.texts.push(text);
  } else {
    throw badField(name, 'with a part that is neither text nor picture', 'texts and pictures');
  }
}

/** The picture that a part of a message names; undefined for a part of another type. */
export function pictureOf(
  part: unknown,
): { readonly text: unknown; readonly detail: unknown } | undefined {
  const { type, image_url, file_id, detail } = (part ?? {}) as Readonly<Record<string, unknown>>;
  if (type !== 'image_url' && type !== 'input_image') return undefined;
  // An object in one API, a text in the other, and clients mix them up.
  const { url, detail: inner } =
    typeof image_url === 'object' && image_url !== null
      ? (image_url as Readonly<Record<string, unknown>>)
      : { url: image_url, detail: undefined };
  return { text: url ?? file_id, detail: detail ?? inner ?? 'auto' };
}

/** For the text of a picture in the field `name`. Throws ERR_REQUEST_FORMAT. */
export function checkAddress(text: unknown, name: string): void {
  if (typeof text === 'string') return;
  const part = name === 'input' ? 'input_image' : 'image_url';
  throw badField(name, `with a part ${part} without an address`, 'a data URL in image_url');
}

/** The prompt for what a user wrote. Throws ERR_REQUEST_FORMAT in the strict mode. */
export function promptOf(text: string, mode: PromptMode, name: string) {
  const advice = advisePrompt(text);
  if (advice.isTrained || mode === 'verbatim') return { prompt: text, notes: [] };
  // A text is asked for: where questions can also be answered with boxes, these come after it.
  const best = advice.suggestions.find(({ task }) => task === 'ask') ?? advice.suggestions[0];
  if (mode === 'strict') {
    const expected = best === undefined ? 'a trained prompt' : `such as "${best.prompt}"`;
    throw badField(name, 'a text that the model was not trained with', expected);
  }
  if (best === undefined) {
    return { prompt: text, notes: ['the model was not trained with such a prompt'] };
  }
  return {
    prompt: best.prompt,
    notes: [`sent as "${best.prompt}", which the model was trained with`],
  };
}
