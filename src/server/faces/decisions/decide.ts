/** A decision: all questions of one request, asked one after the other about pictures that are read and encoded once. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Picture } from '../../../index.js';
import { total } from '../../../prediction.js';
import type { SentPicture, Service } from '../../service.js';
import { type Answered, costOf, type Question } from './questions.js';

interface Asked {
  readonly model: string | undefined;
  readonly pictures: readonly SentPicture[];
  /** At least one. */
  readonly questions: readonly Question[];
  /** What was not sent, in sentences. */
  readonly notes: readonly string[];
}

export interface Decision {
  /** The alias of the model that answers. */
  readonly model: string;
  /** Of the questions in their order. */
  readonly answers: readonly object[];
  readonly usage: object;
  /** What the API has no place for. */
  readonly paligemma: object;
}

/** Rejects with the first failure: a decision is whole or none. */
export async function decide(
  service: Service,
  request: FastifyRequest,
  reply: FastifyReply,
  { model: alias, pictures, questions, notes }: Asked,
): Promise<Decision> {
  const { maxPixels } = service.options;
  const cost = costOf.bind(undefined, questions);
  const { name, all, usage, timings, pictureTokens } = await service.use(
    ...([request, alias, cost] as const),
    async (model, signal, name) => {
      const prepared: Picture[] = [];
      for (const picture of pictures) {
        prepared.push(await model.prepare(picture, { maxPixels, signal }));
      }
      const answered: Answered[] = [];
      for (const { picture, ask } of questions) {
        answered.push(await ask(model, prepared[picture] as Picture, signal));
      }
      return {
        ...{ name, all: answered, pictureTokens: model.info.imageTokenCount },
        usage: total(answered.map((one) => one.usage)),
        timings: total(answered.map((one) => one.timings)),
      };
    },
  );
  service.answering(request);
  reply.header('x-model', name);
  const input = usage.promptTokens + usage.imageTokens;
  return {
    model: name,
    answers: all.map(({ answer }) => answer),
    usage: {
      input_tokens: input,
      input_tokens_details: {
        cached_tokens: usage.cachedImages * pictureTokens,
        cache_write_tokens: timings.encodings * pictureTokens,
      },
      output_tokens: usage.completionTokens,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: input + usage.completionTokens,
    },
    paligemma: { timings, notes },
  };
}
