/**
 * TypeSafe's System One: questions by names of the client's about pictures in `assets`, in JSON or in a form as TypeSafe's own
 * client sends it.
 *
 * Source: typesafe-sdk 0.7.5 on PyPI, _schemas/models.py (made from TypeSafe's own OpenAPI document) and _core/endpoints.py.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { jsonText } from '../../../wire/json.js';
import { asObject, parseJson } from '../../body.js';
import { base64Text } from '../../pictures.js';
import type { Face, SentPicture, Service } from '../../service.js';
import { badField, errorBodyOf } from '../openai/errors.js';
import { MODEL_FIELD, readFields, readObject } from '../openai/fields.js';
import { decide } from './decide.js';
import { choosing, finding, meanOf, type Question } from './questions.js';
import { systemOnePath } from './schemas.js';
import {
  checkCount,
  checkNames,
  checkSize,
  type Fields,
  fieldText,
  LIMITS,
  oneLine,
  typeOf,
} from './texts.js';

const PATH = '/v1/systemone';

export const systemOne: Face = {
  name: 'systemone',
  paths: { [PATH]: systemOnePath },
  errorBody: errorBodyOf('assets', 'questions'),
  routes: async (app, service) => {
    service.takeJson(app);
    await service.pictures.takeForms(app);
    app.post(PATH, { config: { task: 'decide' } }, (request, reply) =>
      answer(service, request, reply),
    );
  },
};

async function answer(
  service: Service,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const { body, parts } = await readRequest(service, request);
  const { model } = readFields(MODEL_FIELD, body);
  const assets = Object.entries(readObject(body, 'assets'));
  const asked = Object.entries(readObject(body, 'questions'));
  checkCount('assets', assets.length, [1, service.options.maxPictures]);
  checkCount('questions', asked.length, LIMITS.questions);
  checkSize('questions', body['questions']);
  checkSize('state', body['state']);
  for (const [at, entries] of Object.entries({ assets, questions: asked })) {
    checkNames(
      at,
      entries.map(([name]) => name),
    );
  }
  const names = new Names(
    assets.map(([name]) => name),
    body['state'],
  );
  const questions = asked.map(([name, one]) => questionOf(one, `questions.${name}`, names));
  const pictures = await picturesOf(service, request, assets, parts);
  const notes = names.isAll(body['state']) ? [] : [NOT_SENT];
  const decision = await decide(service, request, reply, { model, pictures, questions, notes });
  const answers = Object.fromEntries(asked.map(([name], i) => [name, decision.answers[i]]));
  return reply.type('application/json; charset=utf-8').send(jsonText({ ...decision, answers }));
}

const NOT_SENT = 'the text of state was not sent: each question is asked by itself';

/** The field of a form that has what would be the body. */
const IN_FORM = 'request';

async function readRequest(service: Service, request: FastifyRequest) {
  if (!service.pictures.isForm(request)) return { body: asObject(request.body), parts: new Map() };
  const form = await service.pictures.readForm(request, service.signalOf(request));
  const [text, ...others] = form.fields.get(IN_FORM) ?? [];
  if (text === undefined || others.length > 0) {
    throw badField(IN_FORM, others.length > 0 ? 'there twice' : 'missing', 'a part with the JSON');
  }
  const parts = new Map(form.names.map((name, i) => [name, form.pictures[i]]));
  return { body: asObject(parseJson(Buffer.from(text), IN_FORM), IN_FORM), parts };
}

/** The pictures of the assets, in their order: parts of the form, or texts. */
async function picturesOf(
  service: Service,
  request: FastifyRequest,
  assets: readonly (readonly [string, unknown])[],
  parts: ReadonlyMap<string, SentPicture | undefined>,
): Promise<SentPicture[]> {
  const given = assets.map(([name, asset]) => {
    const { part, data_base64: data } = (asset ?? {}) as Fields;
    const picture = typeof part === 'string' ? parts.get(part) : base64Text(data);
    if (picture !== undefined) return picture;
    throw badField(`assets.${name}`, 'without a picture', '{"data_base64":"…"}, or a part');
  });
  const named = assets.flatMap(([name], i) =>
    typeof given[i] === 'string' ? [[given[i], `assets.${name}.data_base64`] as const] : [],
  );
  const read = await service.pictures.fromTexts(
    named.map(([text]) => text),
    service.senderOf(request),
    named.map(([, name]) => name),
  );
  return given.map((one) => (typeof one === 'string' ? (read.shift() as SentPicture) : one));
}

// --- texts ----------------------------------------------------------------------------------------------------------

/** Fields of a state that texts may name: each text is searched for all of them. */
const MOST_FIELDS = 32;
/** Names that no word of a question looks like: `img1`, `photo_b`, `cat.png`. */
const UNLIKE_WORDS = /^(?=.*\p{L})(?=.*(?:\p{N}|[\p{L}\p{N}][-_.]+[\p{L}\p{N}]))/u;
/** "the dog in `photo`" is a dog. */
const BEFORE = '(?:(?:^| )(?:[Ii]n|[Oo]n|of|[Ff]rom)(?= ))? ?';
/** Where a name begins and ends that is not part of a longer one. */
const START = '(?<![\\p{L}\\p{N}_-]|[\\p{L}\\p{N}]\\.)';
const END = '(?![\\p{L}\\p{N}_-]|\\.[\\p{L}\\p{N}])';

/**
 * What the texts of a request call its pictures: the names of the assets, and those of fields of the state that hold one.
 * They stand in backticks; the name of an asset that no word looks like may stand as it is.
 */
class Names {
  readonly #assets: readonly string[];
  /** As they stand in texts. */
  readonly #pictures: ReadonlyMap<string, number>;
  readonly #quoted: RegExp;
  readonly #bare: RegExp;

  constructor(assets: readonly string[], state: unknown) {
    this.#assets = assets.map(oneLine);
    const fields = fieldsIn(state).flatMap(([field, text]) => {
      const picture = assets.indexOf(text.trim());
      return picture < 0 ? [] : [[oneLine(field), picture] as const];
    });
    const own = this.#assets.map((name, i) => [name, i] as const);
    // The name of an asset comes before that of a field.
    const all = new Map([...fields.slice(0, MOST_FIELDS), ...own]);
    this.#pictures = all;
    this.#quoted = new RegExp(`${BEFORE}\`(${oneOf([...all.keys()])})\``, 'gu');
    const bare = this.#assets.filter((name) => UNLIKE_WORDS.test(name));
    this.#bare = new RegExp(`${BEFORE}${START}(${oneOf(bare)})${END}`, 'gu');
  }

  /** The text without names, in one line, and which pictures it names. */
  take(given: string): { readonly text: string; readonly pictures: readonly number[] } {
    const line = oneLine(given);
    const unquoted = this.#cut(line, this.#quoted);
    const bare = this.#cut(unquoted.text, this.#bare);
    // A thing may be called like a picture: a text that is nothing but the bare name is no reference.
    if (bare.text === '') return unquoted;
    return { text: bare.text, pictures: [...new Set([...unquoted.pictures, ...bare.pictures])] };
  }

  #cut(text: string, names: RegExp) {
    const pictures = new Set<number>();
    const left = text.replace(names, (_, name: string) => {
      pictures.add(this.#pictures.get(name) as number);
      return '';
    });
    if (pictures.size === 0) return { text, pictures: [] };
    // "In `photo`, is there a dog?" asks whether there is one.
    return { text: oneLine(left.replace(/^[\s,;:]+/, '')), pictures: [...pictures] };
  }

  /** Whether the state is nothing but pictures. */
  isAll(state: unknown): boolean {
    return textsOf(state).every((text) => {
      const line = oneLine(text);
      return this.#assets.includes(line) || this.take(line).text === '';
    });
  }

  /** The picture of a question that names `pictures`. */
  pictureOf(pictures: readonly number[], at: string): number {
    const [picture = 0, ...others] = pictures.length > 0 ? pictures : this.#assets.keys();
    if (others.length === 0) return picture;
    const found = `about ${others.length + 1} pictures`;
    throw badField(`${at}.instructions`, found, 'the name of one asset in backticks');
  }
}

/** Texts by the names of their fields, at any depth. */
function fieldsIn(content: unknown): (readonly [string, string])[] {
  if (typeof content !== 'object' || content === null) return [];
  return Object.entries(content).flatMap(([name, one]) =>
    typeof one === 'string' ? [[name, one] as const] : fieldsIn(one),
  );
}

/** Content is a text, or an object or list of contents: its texts, in their order. */
function textsOf(content: unknown): readonly string[] {
  if (typeof content === 'object' && content !== null) {
    return Object.values(content).flatMap(textsOf);
  }
  return content === undefined || content === null ? [] : [String(content)];
}

const textOf = (content: unknown): string => textsOf(content).join(' ');

/** A pattern for one of these texts, the longest first as one may be part of another; without any, for none. */
function oneOf(texts: readonly string[]): string {
  if (texts.length === 0) return '(?!)';
  const longestFirst = [...texts].sort((a, b) => b.length - a.length);
  return longestFirst.map((text) => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')).join('|');
}

// --- questions ------------------------------------------------------------------------------------------------------

const TYPES = ['noul', 'choice', 'score', 'box'] as const;

function questionOf(given: unknown, at: string, names: Names): Question {
  const fields = (given ?? {}) as Fields;
  const type = typeOf(fields['type'], at, TYPES);
  const named = new Set<number>();
  const read = (content: unknown): string => {
    const { text, pictures } = names.take(textOf(content));
    for (const one of pictures) named.add(one);
    return text;
  };
  const instructions = read(fields['instructions']);
  const options = fields['criteria'] ?? {};
  // A text has entries as well: its characters.
  if (typeof options !== 'object') throw badField(`${at}.criteria`, 'something else', 'an object');
  const criteria = Object.entries(options);
  const described = criteria.map(([name, one]) => [name, read(one)] as const);
  const picture = names.pictureOf([...named], at);
  const about = {
    ...{ at, picture, field: 'criteria' },
    question: instructions === '' ? undefined : instructions,
  };
  switch (type) {
    case 'noul': {
      const { true: yes, false: no } = Object.fromEntries(described);
      const question = fieldText(instructions || yes || '', `${at}.instructions`);
      const options = [
        // Not where it is the question.
        { value: true, ...(instructions !== '' && { description: yes }) },
        { value: false, description: no },
      ];
      return choosing({ ...about, question, options }, ({ probabilities, prompt, coverage }) => ({
        ...{ type, noul: probabilities[0], paligemma: { prompt, coverage } },
      }));
    }
    case 'choice': {
      checkList(fields['criteria'], false, `${at}.criteria`, [1, LIMITS.choices[1]]);
      const options = described.map(([value, description]) => ({ value, description }));
      return choosing({ ...about, options }, (chosen) => ({
        ...{ type, choice: described[chosen.best]?.[0], confidence: chosen.confidence },
        probabilities: byName(described, chosen.probabilities),
        paligemma: { prompt: chosen.prompt, coverage: chosen.coverage },
      }));
    }
    case 'score': {
      checkList(fields['criteria'], true, `${at}.criteria`, [1, LIMITS.levels[1]]);
      const options = described.map(([, value]) => ({ value }));
      return choosing({ ...about, options }, (chosen) => ({
        ...{ type, score: meanOf(chosen), confidence: chosen.confidence },
        legend: Object.fromEntries(criteria),
        probabilities: byName(described, chosen.probabilities),
        paligemma: { prompt: chosen.prompt, coverage: chosen.coverage },
      }));
    }
    case 'box': {
      const thing = fieldText(instructions, `${at}.instructions`);
      return finding({ at, picture, thing, isAlways: true }, ({ box, confidence, ...said }) => ({
        ...{ type, box, confidence, paligemma: { prompt: said.prompt, presence: said.presence } },
      }));
    }
  }
}

function checkList(
  given: unknown,
  isList: boolean,
  at: string,
  limits: readonly [number, number],
): void {
  if (typeof given !== 'object' || given === null || Array.isArray(given) !== isList) {
    throw badField(at, 'something else', isList ? 'a list' : 'an object');
  }
  checkCount(at, Object.keys(given).length, limits);
}

function byName(
  options: readonly (readonly [string, unknown])[],
  probabilities: readonly number[],
): object {
  return Object.fromEntries(options.map(([name], i) => [name, probabilities[i]]));
}
