/**
 * OpenAI's chat completions: the raw answer of the model to the last message of the user, or what a task answers where the
 * request asks for one.
 */
import { randomUUID } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { jsonText } from '../../../wire/json.js';
import { asObject } from '../../body.js';
import type { Face, Service } from '../../service.js';
import { streamAnswer } from '../../sse.js';
import { type Answer, type Asked, ask, type LogprobEntry } from './ask.js';
import { errorBodyOf } from './errors.js';
import { CHAT_FIELDS, readExtension, readFields, readObject, readStops, refuse } from './fields.js';
import { schemaOf } from './formats.js';
import { chatPath } from './schemas.js';
import { readTurn } from './turn.js';

const PATH = '/v1/chat/completions';

export const chat: Face = {
  name: 'openai-chat',
  paths: { [PATH]: chatPath },
  errorBody: errorBodyOf('messages'),
  routes: (app, service) => {
    service.takeJson(app);
    app.post(PATH, { config: { face: 'openai' } }, (request, reply) =>
      complete(service, request, reply),
    );
  },
};

const UNKNOWN: Readonly<Record<string, readonly string[]>> = {
  ...{ tools: [], functions: [], audio: [], web_search_options: [], n: ['1'] },
  ...{ modalities: ['text'], tool_choice: ['none', 'auto'], function_call: ['none', 'auto'] },
};

async function complete(
  service: Service,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const body = asObject(request.body);
  refuse(body, UNKNOWN);
  const fields = readFields(CHAT_FIELDS, body);
  const { temperature, top_p, seed, logprobs, top_logprobs } = fields;
  const asked = await ask(service, request, reply, {
    ...{ model: fields.model, field: 'messages', turn: readTurn(body['messages'], 'messages') },
    ...{ extension: readExtension(body), stops: readStops(body['stop']) },
    schema: schemaOf(body['response_format']),
    drawing: {
      ...{ temperature, topP: top_p, seed },
      most: fields.max_completion_tokens ?? fields.max_tokens,
      topLogprobs: logprobs ? top_logprobs : undefined,
    },
  });
  if (fields.stream) {
    const { include_usage } = readObject(body, 'stream_options');
    return stream(service, request, reply, { asked, hasUsage: include_usage === true });
  }
  const answer = await asked.answer();
  const { content, refusal } = answer;
  const completion = {
    ...headOf(asked, 'chat.completion'),
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content, refusal },
        logprobs: logprobsOf(answer.logprobs),
        finish_reason: answer.isCut ? 'length' : 'stop',
      },
    ],
    usage: usageOf(answer),
    paligemma: answer.paligemma,
  };
  return reply.type('application/json; charset=utf-8').send(jsonText(completion));
}

function headOf({ created, alias, fingerprint }: Asked, object: string) {
  const id = `chatcmpl-${randomUUID()}`;
  return { id, object, created, model: alias, system_fingerprint: fingerprint };
}

const logprobsOf = (content: readonly LogprobEntry[] | null) =>
  content === null ? null : { content, refusal: null };

function usageOf({ tokens: { prompt, cached, answer } }: Answer) {
  return {
    ...{ prompt_tokens: prompt, completion_tokens: answer, total_tokens: prompt + answer },
    prompt_tokens_details: { cached_tokens: cached },
  };
}

function stream(
  service: Service,
  request: FastifyRequest,
  reply: FastifyReply,
  { asked, hasUsage }: { readonly asked: Asked; readonly hasUsage: boolean },
): Promise<void> {
  const head = headOf(asked, 'chat.completion.chunk');
  const usage = hasUsage ? { usage: null } : {};
  const chunk = (delta: object, logprobs: object | null = null, finish: string | null = null) => ({
    ...head,
    choices: [{ index: 0, delta, logprobs, finish_reason: finish }],
    ...usage,
  });
  return streamAnswer(service, request, reply, {
    parts: asked.pieces(),
    answer: asked.answer,
    send: async (events, pieces) => {
      await events.send(chunk({ role: 'assistant', content: '' }));
      for await (const { text, logprobs } of pieces) {
        await events.send(chunk({ content: text }, logprobsOf(logprobs)));
      }
      const answer = await asked.answer();
      if (answer.refusal !== null) await events.send(chunk({ refusal: answer.refusal }));
      const { isCut, paligemma } = answer;
      await events.send({ ...chunk({}, null, isCut ? 'length' : 'stop'), paligemma });
      if (hasUsage) await events.send({ ...head, choices: [], usage: usageOf(answer) });
      await events.sendText('[DONE]');
    },
    failed: (failure) => ({ data: chat.errorBody(failure, request.id) }),
  });
}
