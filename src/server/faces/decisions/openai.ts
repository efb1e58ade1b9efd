/** OpenAI's decisions: questions in a list about the picture of a conversation, and a type of question for boxes beside. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { jsonText } from '../../../wire/json.js';
import { asObject } from '../../body.js';
import type { Face, Service } from '../../service.js';
import { badField, errorBodyOf } from '../openai/errors.js';
import { MODEL_FIELD, readFields } from '../openai/fields.js';
import { checkAddress, pictureOf } from '../openai/turn.js';
import { decide } from './decide.js';
import { choosing, finding, meanOf, type Option, type Question } from './questions.js';
import { decisionsPath } from './schemas.js';
import {
  checkCount,
  checkSize,
  type Fields,
  fieldText,
  LIMITS,
  optionalText,
  typeOf,
} from './texts.js';

const PATH = '/v1/decisions';

export const decisions: Face = {
  name: 'decisions',
  paths: { [PATH]: decisionsPath },
  errorBody: errorBodyOf('input', 'questions'),
  routes: (app, service) => {
    service.takeJson(app);
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
  const body = asObject(request.body);
  const { model } = readFields(MODEL_FIELD, body);
  const given = body['questions'];
  if (!Array.isArray(given)) throw badField('questions', 'no list', 'a list of questions');
  checkCount('questions', given.length, LIMITS.questions);
  checkSize('questions', given);
  const questions = given.map((one, i) => questionOf(one, `questions[${i}]`));
  const { picture, notes } = readInput(body['input']);
  checkAddress(picture, 'input');
  const pictures = await service.pictures.fromTexts([picture], service.senderOf(request));
  const decision = await decide(service, request, reply, { model, pictures, questions, notes });
  return reply.type('application/json; charset=utf-8').send(jsonText(decision));
}

// --- questions ------------------------------------------------------------------------------------------------------

const TYPES = ['predicate', 'choice', 'score', 'box'] as const;

function questionOf(given: unknown, at: string): Question {
  const fields = (given ?? {}) as Fields;
  const type = typeOf(fields['type'], at, TYPES);
  const name = fields['name'] ?? null;
  if (name !== null && typeof name !== 'string') throw badField(`${at}.name`, 'no text', 'a text');
  const instructions = instructionsOf(fields['instructions'], `${at}.instructions`);
  const about = { at, picture: 0, question: instructions };
  switch (type) {
    case 'predicate': {
      const options = [{ value: true }, { value: false }];
      return choosing({ ...about, options, field: 'type' }, ({ probabilities, ...said }) => ({
        ...{ type, name, probability: probabilities[0], paligemma: saidOf(said) },
      }));
    }
    case 'choice': {
      const options = optionsOf(fields['choices'], `${at}.choices`, 'value', LIMITS.choices);
      return choosing({ ...about, options, field: 'choices' }, (chosen) => ({
        ...{ type, name, choice: options[chosen.best]?.value, confidence: chosen.confidence },
        probabilities: options.map(({ value }, i) => ({
          ...{ value, probability: chosen.probabilities[i] },
        })),
        paligemma: saidOf(chosen),
      }));
    }
    case 'score': {
      const options = optionsOf(fields['levels'], `${at}.levels`, 'label', LIMITS.levels);
      return choosing({ ...about, options, field: 'levels' }, (chosen) => ({
        ...{ type, name, score: meanOf(chosen), confidence: chosen.confidence },
        probabilities: options.map(({ value: label }, i) => ({
          ...{ value: i, label, probability: chosen.probabilities[i] },
        })),
        paligemma: saidOf(chosen),
      }));
    }
    case 'box':
      return finding(
        { ...{ at, picture: 0, thing: instructions, isAlways: false } },
        ({ box, confidence, prompt, presence }) => ({
          ...(box ? { type, name, box, confidence } : { type: 'refusal', name }),
          paligemma: { prompt, presence },
        }),
      );
  }
}

const saidOf = ({ prompt, coverage }: { readonly prompt: string; readonly coverage: number }) => ({
  ...{ prompt, coverage },
});

/** A text, or parts that are texts. */
function instructionsOf(given: unknown, at: string): string {
  if (typeof given === 'string') return fieldText(given, at);
  if (!Array.isArray(given)) throw badField(at, 'no text', 'a text');
  const texts = given.map((part) => {
    const { type, text } = (part ?? {}) as Fields;
    if (type === 'input_text' && typeof text === 'string') return text;
    throw badField(at, 'with a part that is no text', 'texts; the picture belongs into input');
  });
  return fieldText(texts.join(' '), at);
}

/** `name`: of the field that tells them apart. */
function optionsOf(
  given: unknown,
  at: string,
  name: 'value' | 'label',
  limits: readonly [number, number],
): Option[] {
  if (!Array.isArray(given)) throw badField(at, 'no list', 'a list');
  checkCount(at, given.length, limits);
  return given.map((one, i) => {
    const { [name]: value, description } = (one ?? {}) as Fields;
    const isRight = typeof value === 'string' || (name === 'value' && typeof value === 'boolean');
    if (!isRight) {
      const expected = name === 'value' ? 'a text, true or false' : 'a text';
      throw badField(`${at}[${i}].${name}`, 'something else', expected);
    }
    return { value, description: optionalText(description, `${at}[${i}].description`) };
  });
}

// --- input ----------------------------------------------------------------------------------------------------------

/** The picture that a conversation shows last, and what of it was not sent. */
function readInput(input: unknown): { readonly picture: unknown; readonly notes: string[] } {
  const items: readonly unknown[] = Array.isArray(input) ? input : [];
  const turns = items.map(picturesIn);
  const shown = turns.findLast(({ pictures }) => pictures.length > 0);
  const [picture, ...others] = shown?.pictures ?? [];
  const expected = 'a message of the user with a part input_image';
  if (picture === undefined) throw badField('input', 'without a picture', expected);
  if (others.length > 0) throw badField('input', `with ${others.length + 1} pictures`, 'one');
  const hasText = turns.some((turn) => turn.hasText);
  const hasDetail = shown?.pictures.some(({ detail }) => detail !== 'auto');
  return {
    picture: picture.text,
    notes: [
      ...(hasText ? ['the text of input was not sent: each question is asked by itself'] : []),
      ...(hasDetail ? ['detail was ignored: the model has one size of picture'] : []),
    ],
  };
}

/** Of a message, or of what a tool answered. */
function picturesIn(item: unknown) {
  const { content, output } = (item ?? {}) as Fields;
  const parts: readonly unknown[] = [content ?? output ?? []].flat();
  const pictures = parts.flatMap((part) => pictureOf(part) ?? []);
  return { pictures, hasText: pictures.length < parts.length };
}
