/** OpenAI's responses over real HTTP, as a client sees them that sends JSON by hand. */
import { describe, expect, it } from 'vitest';
import { CAPTION, COLOUR, DATA_URL, SHAPES, useServer } from '../../support/server.js';

const server = useServer({ onNote: () => {} });

interface Failed {
  readonly error: { readonly param: string | null };
}

describe('responses', () => {
  const input = (text: string, image_url: unknown = DATA_URL) => [
    {
      role: 'user',
      content: [
        { type: 'input_text', text },
        { type: 'input_image', image_url },
      ],
    },
  ];
  const respond = (body: object) => server.post('/v1/responses', body);

  it('answer what the model answers, with usage', async () => {
    const answer = await respond({ input: input('caption en'), instructions: 'Be brief.' });
    const { usage } = await server.model.generate(SHAPES, 'caption en');
    expect(await answer.json()).toMatchObject({
      ...{ object: 'response', status: 'completed', model: 'paligemma', error: null },
      output: [{ type: 'message', content: [{ type: 'output_text', text: CAPTION }] }],
      usage: {
        input_tokens: usage.promptTokens + usage.imageTokens,
        output_tokens: usage.completionTokens,
      },
      paligemma: { notes: ['instructions were not sent'] },
    });
  });

  it('say that an answer was cut', async () => {
    const answer = await respond({ input: input('caption en'), max_output_tokens: 2 });
    expect(await answer.json()).toMatchObject({
      ...{ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } },
      output: [{ content: [{ text: 'an orange' }] }],
    });
  });

  it('come as events, numbered, whose names are their types', async () => {
    const answer = await respond({ input: input('caption en'), stream: true });
    const events = (await answer.text())
      .split('\n\n')
      .filter((event) => event.startsWith('event: '))
      .map((event) => {
        const [, name, data = ''] = /^event: (.*)\ndata: (.*)$/.exec(event) ?? [];
        return [name, JSON.parse(data) as Readonly<Record<string, unknown>>] as const;
      });
    const types = events.map(([name]) => name?.replace('response.', ''));
    const deltas = events.filter(([name]) => name === 'response.output_text.delta');
    expect(types).toEqual([
      ...['created', 'in_progress', 'output_item.added', 'content_part.added'],
      ...deltas.map(() => 'output_text.delta'),
      ...['output_text.done', 'content_part.done', 'output_item.done', 'completed'],
    ]);
    expect(deltas.map(([, { delta }]) => delta).join('')).toBe(CAPTION);
    for (const [i, [name, { type, sequence_number }]] of events.entries()) {
      expect([type, sequence_number]).toEqual([name, i]);
    }
  });

  it('refuse what needs a state, and name the field', async () => {
    const cases: readonly [object, number, string][] = [
      [{ input: input('caption en'), previous_response_id: 'resp_1' }, 400, 'previous_response_id'],
      [{ input: input('caption en'), background: true }, 400, 'background'],
      [{ input: 'caption en' }, 400, 'input'],
      [{}, 400, 'input'],
      [{ input: input('caption en', 'data:image/png;base64,AAAA') }, 415, 'input'],
      [
        { input: input('caption en'), text: { format: { type: 'json_object' } } },
        400,
        'text.format',
      ],
    ];
    for (const [body, status, param] of cases) {
      const answer = await respond(body);
      const { error } = (await answer.json()) as Failed;
      expect([answer.status, error.param]).toEqual([status, param]);
    }
  });

  it('in JSON follow the schema', async () => {
    const among = { type: 'string', enum: ['orange', 'blue', 'white'] };
    const answer = await respond({
      input: input(COLOUR),
      text: { format: { type: 'json_schema', name: 'x', schema: among } },
    });
    const { output } = (await answer.json()) as {
      output: readonly { content: readonly { text: string }[] }[];
    };
    expect(among.enum).toContain(JSON.parse(output[0]?.content[0]?.text ?? ''));
  });
});
