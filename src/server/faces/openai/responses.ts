/** OpenAI's responses, without state: a request holds all that its answer is about, and nothing of it is kept. */
import { randomUUID } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Parsed } from '../../../options/option.js';
import { jsonText } from '../../../wire/json.js';
import { asObject } from '../../body.js';
import type { Face, Service } from '../../service.js';
import { streamAnswer } from '../../sse.js';
import { type Answer, type AnswerPiece, type Asked, ask, type LogprobEntry } from './ask.js';
import { errorBodyOf, responseCodeOf } from './errors.js';
import { RESPONSES_FIELDS, readExtension, readFields, readObject, refuse } from './fields.js';
import { schemaOf } from './formats.js';
import { responsesPath } from './schemas.js';
import { readTurn } from './turn.js';

const PATH = '/v1/responses';

export const responses: Face = {
  name: 'openai-responses',
  paths: { [PATH]: responsesPath },
  errorBody: errorBodyOf('input'),
  routes: (app, service) => {
    service.takeJson(app);
    app.post(PATH, { config: { face: 'openai' } }, (request, reply) =>
      respond(service, request, reply),
    );
  },
};

const UNKNOWN: Readonly<Record<string, readonly string[]>> = {
  ...{ previous_response_id: [], conversation: [], background: [], prompt: [], tools: [] },
  tool_choice: ['none', 'auto'],
};

/** Logarithms of probabilities are left out unless a request names them. */
const LOGPROBS = 'message.output_text.logprobs';

async function respond(
  service: Service,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const body = asObject(request.body);
  refuse(body, UNKNOWN);
  const fields = readFields(RESPONSES_FIELDS, body);
  const turn = readTurn(body['input'], 'input');
  const hasInstructions = typeof body['instructions'] === 'string' && body['instructions'] !== '';
  const notes = hasInstructions ? [...turn.notes, 'instructions were not sent'] : turn.notes;
  const { format } = readObject(body, 'text');
  const { include } = body;
  const hasLogprobs =
    fields.top_logprobs > 0 || (Array.isArray(include) && include.includes(LOGPROBS));
  const asked = await ask(service, request, reply, {
    ...{ model: fields.model, field: 'input', turn: { ...turn, notes } },
    ...{ extension: readExtension(body), stops: [], schema: schemaOf(format) },
    drawing: {
      ...{ temperature: fields.temperature, topP: fields.top_p, seed: undefined },
      most: fields.max_output_tokens,
      topLogprobs: hasLogprobs ? fields.top_logprobs : undefined,
    },
  });
  const response = new Response(asked, body, fields);
  if (fields.stream) return stream(service, request, reply, { asked, response });
  const answer = await asked.answer();
  const sent = jsonText(response.ended(answer));
  return reply.type('application/json; charset=utf-8').send(sent);
}

/** The response as it is at one time or another. */
class Response {
  readonly itemId = `msg_${randomUUID()}`;
  readonly #head: object;

  constructor(
    { alias, created }: Asked,
    body: Readonly<Record<string, unknown>>,
    fields: Parsed<typeof RESPONSES_FIELDS>,
  ) {
    const { temperature, top_p, max_output_tokens } = fields;
    const { format = { type: 'text' } } = readObject(body, 'text');
    this.#head = {
      ...{ id: `resp_${randomUUID()}`, object: 'response', created_at: created, model: alias },
      ...{ instructions: body['instructions'] ?? null, metadata: body['metadata'] ?? {} },
      ...{ parallel_tool_calls: false, tool_choice: 'none', tools: [], temperature, top_p },
      ...{
        max_output_tokens: max_output_tokens ?? null,
        previous_response_id: null,
        store: false,
        text: { format },
      },
    };
  }

  begun(): object {
    const none = { error: null, incomplete_details: null, usage: null };
    return { ...this.#head, status: 'in_progress', completed_at: null, output: [], ...none };
  }

  failed(code: string, message: string): object {
    return { ...this.begun(), status: 'failed', error: { code, message } };
  }

  ended(answer: Answer): object {
    const { isCut, tokens, paligemma } = answer;
    const status = isCut ? 'incomplete' : 'completed';
    const content = answer.refusal
      ? { type: 'refusal', refusal: answer.refusal }
      : textPart(answer.content ?? '', answer.logprobs ?? []);
    return {
      ...{ ...this.#head, status, completed_at: Math.floor(Date.now() / 1000), error: null },
      incomplete_details: isCut ? { reason: 'max_output_tokens' } : null,
      output: [this.item(status, [content])],
      usage: {
        input_tokens: tokens.prompt,
        input_tokens_details: { cached_tokens: tokens.cached, cache_write_tokens: 0 },
        output_tokens: tokens.answer,
        output_tokens_details: { reasoning_tokens: 0 },
        total_tokens: tokens.prompt + tokens.answer,
      },
      paligemma,
    };
  }

  item(status: string, content: readonly object[]): object {
    return { type: 'message', id: this.itemId, role: 'assistant', status, content };
  }
}

const textPart = (text: string, logprobs: readonly LogprobEntry[]) => ({
  ...{ type: 'output_text', text, annotations: [], logprobs },
});

function stream(
  service: Service,
  request: FastifyRequest,
  reply: FastifyReply,
  { asked, response }: { readonly asked: Asked; readonly response: Response },
): Promise<void> {
  let sequence_number = 0;
  return streamAnswer(service, request, reply, {
    parts: asked.pieces(),
    answer: asked.answer,
    send: (events, pieces) =>
      sendAll({ asked, response }, pieces, (type, fields) =>
        events.send({ type, sequence_number: sequence_number++, ...fields }, type),
      ),
    failed: (failure) => {
      const type = 'response.failed';
      const failed = response.failed(responseCodeOf(failure), failure.message);
      return { data: { type, sequence_number, response: failed }, event: type };
    },
  });
}

async function sendAll(
  { asked, response }: { readonly asked: Asked; readonly response: Response },
  pieces: AsyncIterable<AnswerPiece>,
  send: (type: string, fields: object) => Promise<void>,
): Promise<void> {
  const item = { output_index: 0, item_id: response.itemId };
  const part = { ...item, content_index: 0 };
  await send('response.created', { response: response.begun() });
  await send('response.in_progress', { response: response.begun() });
  const started = { output_index: 0, item: response.item('in_progress', []) };
  await send('response.output_item.added', started);
  let isText = false;
  for await (const { text: delta, logprobs } of pieces) {
    if (!isText) {
      await send('response.content_part.added', { ...part, part: textPart('', []) });
      isText = true;
    }
    await send('response.output_text.delta', { ...part, delta, logprobs: logprobs ?? [] });
  }
  const answer = await asked.answer();
  if (answer.refusal !== null) await sendRefusal(answer.refusal);
  else await sendText(answer, isText);
  const ended = response.ended(answer);
  const [message] = (ended as { readonly output: readonly object[] }).output;
  await send('response.output_item.done', { output_index: 0, item: message });
  await send(`response.${answer.isCut ? 'incomplete' : 'completed'}`, { response: ended });

  async function sendText({ content, logprobs }: Answer, hasPart: boolean): Promise<void> {
    const text = content ?? '';
    if (!hasPart) await send('response.content_part.added', { ...part, part: textPart('', []) });
    const all = logprobs ?? [];
    await send('response.output_text.done', { ...part, text, logprobs: all });
    await send('response.content_part.done', { ...part, part: textPart(text, all) });
  }

  async function sendRefusal(refusal: string): Promise<void> {
    const whole = { type: 'refusal', refusal };
    await send('response.content_part.added', { ...part, part: { type: 'refusal', refusal: '' } });
    await send('response.refusal.delta', { ...part, delta: refusal });
    await send('response.refusal.done', { ...part, refusal });
    await send('response.content_part.done', { ...part, part: whole });
  }
}
