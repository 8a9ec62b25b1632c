import { zodFunction, zodResponseFormat } from 'openai/helpers/zod';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ask, openaiClient, startSetup } from '../sdk-setup.ts';

const weather = {
  type: 'function' as const,
  function: {
    name: 'get_weather',
    description: 'the weather of a town',
    parameters: { type: 'object', properties: { town: { type: 'string' } }, required: ['town'] },
  },
};
const calls = [
  { name: 'get_weather', arguments: { town: 'Köln', note: 'a "quoted" \\ text' } },
  { name: 'get_weather', arguments: { town: 'Oslo' } },
];

describe('tools of the openai SDK', () => {
  it('are called, and their results go back', async () => {
    const { baseURL, backend } = await startSetup([{ tool_calls: calls }, { content: 'rain in both' }]);
    const client = openaiClient(baseURL);
    const first = await client.chat.completions.create({ model: 'm', messages: ask('weather?'), tools: [weather] });
    const [choice] = first.choices;
    expect(choice?.finish_reason).toBe('tool_calls');
    const called = choice?.message.tool_calls?.map((call) => call.type === 'function' && call.function) ?? [];
    expect(called.map((call) => call && { name: call.name, arguments: JSON.parse(call.arguments) })).toEqual(calls);

    const results = (choice?.message.tool_calls ?? []).map((call) => ({
      role: 'tool' as const,
      tool_call_id: call.id,
      content: 'rain',
    }));
    const messages = [...ask('weather?'), ...(choice ? [choice.message] : []), ...results];
    const second = await client.chat.completions.create({ model: 'm', messages, tools: [weather] });
    expect(second.choices[0]?.message.content).toBe('rain in both');
    expect(backend.posts()[1]?.json).toEqual({ model: 'm', messages, tools: [weather] });
  });

  it('are called in streams, whose deltas add up to the arguments', async () => {
    const { baseURL } = await startSetup([{ tool_calls: calls }]);
    const stream = await openaiClient(baseURL).chat.completions.create({
      model: 'm',
      messages: ask('weather?'),
      tools: [weather],
      stream: true,
    });
    const texts: string[] = [];
    const ids: string[] = [];
    let deltas = 0;
    let finish: string | null = null;
    for await (const { choices } of stream) {
      for (const call of choices[0]?.delta.tool_calls ?? []) {
        if (call.id) ids[call.index] = call.id;
        texts[call.index] = (texts[call.index] ?? '') + (call.function?.arguments ?? '');
        deltas++;
      }
      finish = choices[0]?.finish_reason ?? finish;
    }
    expect(texts.map((text) => JSON.parse(text))).toEqual(calls.map((call) => call.arguments));
    expect(new Set(ids).size).toBe(2);
    expect(deltas).toBeGreaterThan(6);
    expect(finish).toBe('tool_calls');
  });

  it('are run by the SDK itself until the answer is there', async () => {
    const { baseURL, backend } = await startSetup([
      { tool_calls: calls.slice(0, 1) },
      { content: 'bring an umbrella' },
    ]);
    const asked: unknown[] = [];
    const runner = openaiClient(baseURL).chat.completions.runTools({
      model: 'm',
      messages: ask('weather?'),
      tools: [
        zodFunction({
          name: 'get_weather',
          parameters: z.object({ town: z.string(), note: z.string() }),
          function: (input) => {
            asked.push(input);
            return 'rain';
          },
        }),
      ],
    });
    expect(await runner.finalContent()).toBe('bring an umbrella');
    expect(asked).toEqual([calls[0]?.arguments]);
    expect(backend.posts()).toHaveLength(2);
  });
});

describe('structured output of the openai SDK', () => {
  const city = z.object({ name: z.string(), inhabitants: z.number().int(), rivers: z.array(z.string()) });
  const cologne = { name: 'Köln', inhabitants: 1_087_353, rivers: ['Rhein'] };

  it('is parsed', async () => {
    const { baseURL, backend } = await startSetup([{ content: JSON.stringify(cologne) }]);
    const response_format = zodResponseFormat(city, 'city');
    const body = { model: 'm', messages: ask('Köln?'), response_format };
    const completion = await openaiClient(baseURL).chat.completions.parse(body);
    expect(completion.choices[0]?.message.parsed).toEqual(cologne);
    expect(backend.posts()[0]?.json.response_format).toEqual(JSON.parse(JSON.stringify(response_format)));
  });

  it('is parsed at the end of a stream', async () => {
    const { baseURL } = await startSetup([{ content: JSON.stringify(cologne), chunk_bytes: 7 }]);
    const stream = openaiClient(baseURL).chat.completions.stream({
      model: 'm',
      messages: ask('Köln?'),
      response_format: zodResponseFormat(city, 'city'),
    });
    const completion = await stream.finalChatCompletion();
    expect(completion.choices[0]?.message.parsed).toEqual(cologne);
  });

  it('obeys a plain JSON schema', async () => {
    const { baseURL } = await startSetup();
    const completion = await openaiClient(baseURL).chat.completions.create({
      model: 'm',
      messages: ask('Köln?'),
      response_format: {
        type: 'json_schema',
        json_schema: {
          name: 'city',
          schema: {
            type: 'object',
            properties: { country: { enum: ['Germany', 'Norway'] }, capital: { type: 'boolean' } },
            required: ['country', 'capital'],
          },
        },
      },
    });
    const content = completion.choices[0]?.message.content ?? '';
    expect(JSON.parse(content)).toEqual({ country: 'Germany', capital: false });
  });
});
