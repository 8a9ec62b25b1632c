import { describe, expect, test } from 'vitest';
import { startSolving } from '../../../test/harness/solving.ts';
import { re2 } from './re2.ts';

function start(script: Parameters<typeof startSolving>[0]['script'] = [{ content: 'Four.' }]) {
  return startSolving({ stages: [re2], plan: 're2', script });
}

const question = 'What is 2 + 2?';
const picture = { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } };

describe('re2', () => {
  test('asks the question twice in one call, and changes nothing else', async () => {
    const rig = await start([{ content: 'Four.', usage: { prompt_tokens: 9, completion_tokens: 2 } }]);
    const earlier = [
      { role: 'system', content: 'Be short.' },
      { role: 'user', content: 'Hello', name: 'ann' },
      { role: 'assistant', content: 'Hi' },
    ];
    const fields = { temperature: 0.4, max_tokens: 20, seed: 3, custom: { a: 1 } };
    const { text, body } = await rig.solve('', {
      ...fields,
      messages: [...earlier, { role: 'user', content: question }],
    });
    expect(text).toBe('Four.');
    expect(body.headrace).toMatchObject({ approach: 're2', calls: 1 });
    expect(body.usage).toMatchObject({ prompt_tokens: 9, completion_tokens: 2, total_tokens: 11 });
    const [sent] = rig.sent();
    expect(rig.sent()).toHaveLength(1);
    const { messages, ...others } = sent as { messages: { content: string }[] };
    expect(others).toEqual({ model: 'm', ...fields });
    expect(messages.slice(0, 3)).toEqual(earlier);
    expect(messages).toHaveLength(4);
    expect(messages[3]?.content.split(question)).toHaveLength(3);
    expect(messages[3]?.content.startsWith(question) && messages[3].content.endsWith(question)).toBe(true);
  });

  test('sends no temperature of its own, but that of its parameter', async () => {
    const silent = await start();
    await silent.solve(question);
    expect(silent.sent()[0]).not.toHaveProperty('temperature');
    const rig = await startSolving({ stages: [re2], plan: 're2', parameters: { temperature: 0.2 }, script: [{}] });
    await rig.solve(question, { temperature: 0.9 });
    expect(rig.sent()[0]).toHaveProperty('temperature', 0.2);
  });

  test('sends other parts of the question once, and later turns as they are', async () => {
    const rig = await start();
    const call = {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 't', type: 'function', function: { name: 'f', arguments: '{}' } }],
    };
    const result = { role: 'tool', tool_call_id: 't', content: '4' };
    const asked = { role: 'user', content: [{ type: 'text', text: question }, picture] };
    await rig.solve('', { messages: [asked, call, result] });
    const [first, ...later] = rig.sent()[0]?.messages ?? [];
    expect(later).toEqual([call, result]);
    const texts = first.content.filter(({ type }: { type: string }) => type === 'text');
    expect(
      texts
        .map(({ text }: { text: string }) => text)
        .join('\n')
        .split(question),
    ).toHaveLength(3);
    expect(first.content.filter(({ type }: { type: string }) => type === 'image_url')).toEqual([picture]);
  });

  test('passes a stream on as it comes', async () => {
    const rig = await start([{ content: 'The answer is four.', usage: { prompt_tokens: 5, completion_tokens: 4 } }]);
    const { text, body, events, finish } = await rig.solve(question, {
      stream: true,
      stream_options: { include_usage: true },
    });
    expect(rig.sent()[0]).toMatchObject({ stream: true, stream_options: { include_usage: true } });
    expect(text).toBe('The answer is four.');
    expect(events.filter((event) => event.choices[0]?.delta.content).length).toBeGreaterThan(1);
    expect(events.at(-2)).toMatchObject({ choices: [{ finish_reason: 'stop' }], headrace: { calls: 1 } });
    expect(events.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: 9 } });
    expect(finish.usage).toMatchObject({ totalTokens: 9 });
    expect(body.endsWith('data: [DONE]\n\n')).toBe(true);
  });

  test('gives each choice of `n` a call of its own, and one sum', async () => {
    const rig = await start(() => ({ content: 'Four.', usage: { prompt_tokens: 5, completion_tokens: 1 } }));
    const { body } = await rig.solve(question, { n: 2 });
    expect(body.choices.map(({ index }: { index: number }) => index)).toEqual([0, 1]);
    expect(body.usage).toMatchObject({ total_tokens: 12 });
    expect(rig.sent()).toHaveLength(2);
    for (const sent of rig.sent()) expect(sent).not.toHaveProperty('n');
  });

  test('its failure keeps its status, and may be tried again', async () => {
    const rig = await start([{ status: 404 }]);
    const error = await rig.solve(question).catch((thrown) => thrown);
    expect(error.status).toBe(404);
    expect(error.headers).not.toContainEqual(['x-should-retry', 'false']);
  });

  test('an answer of nothing but thinking is an error', async () => {
    const rig = await start([{ content: '<think>Hm.' }]);
    await expect(rig.solve(question)).rejects.toMatchObject({ code: 'upstream_error', status: 502 });
  });
});
