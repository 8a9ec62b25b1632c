import { describe, expect, test } from 'vitest';
import { textOf } from '../../../test/acceptance/routing/rig.ts';
import { waitFor } from '../tools/test-tool-servers.ts';
import { add, calls, eventsIn, own, resultsIn, says, saysAndCalls, startMcp, usage } from './test-mcp.ts';

describe('mcp in streams', () => {
  const stream = { stream: true, stream_options: { include_usage: true } };

  test('text comes as it is made, also behind tools, and nothing of these is seen', async () => {
    const rig = await startMcp([calls(add(2, 3)), { content: 'It is five, I think so.', chunk_delay_ms: 50, usage }]);
    const response = await fetch(`${rig.gateway.url}/v1/chat/completions`, {
      method: 'POST',
      body: JSON.stringify({ model: 'r', messages: [{ role: 'user', content: 'Hi' }], ...stream }),
    });
    const pieces: { readonly at: number; readonly text: string }[] = [];
    for await (const piece of response.body ?? [])
      pieces.push({ at: performance.now(), text: Buffer.from(piece).toString() });
    expect((pieces.at(-1)?.at ?? 0) - (pieces[0]?.at ?? 0)).toBeGreaterThan(50);
    const text = pieces.map((piece) => piece.text).join('');
    expect(textOf({ text } as never)).toBe('It is five, I think so.');
    expect(text.trimEnd()).toMatch(/data: \[DONE\]$/);
    const events = eventsIn(text);
    expect(events[0].choices[0].delta.role).toBe('assistant');
    expect(text).not.toContain('tool_calls');
    const last = events.find(({ choices: [choice] }) => choice?.finish_reason);
    expect(last).toMatchObject({
      choices: [{ finish_reason: 'stop' }],
      headrace: { calls: 2, tools: [{ name: 't__add' }] },
    });
    expect(events.at(-1).usage).toMatchObject({ total_tokens: 30 });
    expect(new Set(events.map(({ id }) => id)).size).toBe(1);
    expect(rig.sent().every((body) => body.stream === true)).toBe(true);
  });

  test('what a model says before it asks for tools is passed on, and the answer follows', async () => {
    const rig = await startMcp([saysAndCalls('Let me add.', ['t__add']), says('It is 3.')]);
    const answer = await rig.chat({ stream: true });
    expect(textOf(answer)).toBe('Let me add.\n\nIt is 3.');
    expect(rig.sent()[1].messages.at(-2)).toMatchObject({ role: 'assistant', content: 'Let me add.' });
    expect(resultsIn(rig.sent()[1])).toEqual([{ role: 'tool', tool_call_id: 'i0', content: '3' }]);
    expect(eventsIn(answer.text).filter(({ choices: [choice] }) => choice?.finish_reason)).toHaveLength(1);
  });

  test('a call of the client’s own is passed on, alone', async () => {
    const rig = await startMcp([saysAndCalls('Wait.', ['t__add', 'weather'])]);
    const events = eventsIn((await rig.chat({ stream: true, tools: [own] })).text);
    const deltas = events.flatMap(({ choices: [choice] }) => choice?.delta.tool_calls ?? []);
    expect(deltas).toMatchObject([{ index: 0, id: 'i1', function: { name: 'weather', arguments: '{"a":1,"b":2}' } }]);
    expect(events.at(-1).choices[0].finish_reason).toBe('tool_calls');
    expect(rig.sent()).toHaveLength(1);
  });

  test('where the text is not passed on as it comes, calls have their numbers too', async () => {
    const rig = await startMcp([calls({ name: 'weather' })]);
    const answer = await rig.chat({ stream: true, tools: [own], response_format: { type: 'json_object' } });
    const deltas = eventsIn(answer.text).flatMap(({ choices: [choice] }) => choice?.delta.tool_calls ?? []);
    expect(deltas).toMatchObject([{ index: 0, function: { name: 'weather' } }]);
  });

  test('a failure before any text keeps its status', async () => {
    const rig = await startMcp([
      calls(add(1, 1)),
      { status: 400, json: { error: { message: 'too long', type: 'x' } } },
    ]);
    const answer = await rig.chat({ stream: true });
    expect(answer.status).toBe(400);
    expect(answer.headers['x-should-retry']).toBe('false');
  });

  test('a failure after text is an error event', async () => {
    const rig = await startMcp([saysAndCalls('Let me add.', ['t__add']), { status: 500 }]);
    const answer = await rig.chat({ stream: true });
    expect(answer.status).toBe(200);
    expect(answer.text).toContain('Let me add.');
    expect(eventsIn(answer.text).at(-1)).toHaveProperty('error');
    expect(answer.text).not.toContain('[DONE]');
  });

  test('a stream that breaks off is an error event', async () => {
    const rig = await startMcp([calls(add(1, 1)), { content: 'One two three four five six', cut_after_chunks: 4 }]);
    const answer = await rig.chat({ stream: true });
    expect(eventsIn(answer.text).at(-1)).toHaveProperty('error');
    expect(answer.text).not.toContain('[DONE]');
  });

  test('a deadline ends the tool, and the text so far is the answer', async () => {
    const rig = await startMcp([saysAndCalls('Let me wait.', ['t__sleep'], { ms: 60_000 })], {
      budget: { deadline: 1.5 },
    });
    await rig.open();
    const events = eventsIn((await rig.chat({ stream: true })).text);
    expect(events.at(-1)).toMatchObject({ choices: [{ finish_reason: 'length' }], headrace: { stopped: 'deadline' } });
  });

  test('a deadline ends a text that comes slowly, behind tools', async () => {
    const rig = await startMcp([calls(add(1, 1)), { content: 'word '.repeat(200), chunk_delay_ms: 50, usage }], {
      budget: { deadline: 2.5 },
    });
    await rig.open();
    const answer = await rig.chat({ stream: true });
    const events = eventsIn(answer.text);
    expect(textOf(answer)).toMatch(/^word /);
    expect(events.at(-1)).toMatchObject({ choices: [{ finish_reason: 'length' }], headrace: { stopped: 'deadline' } });
    expect(answer.text.trimEnd()).toMatch(/data: \[DONE\]$/);
  });

  test('a client that leaves ends a tool that runs', async () => {
    const rig = await startMcp([saysAndCalls('Wait.', ['t__sleep'], { ms: 60_000 })]);
    const leaving = new AbortController();
    const asked = rig.chat({ stream: true }, { signal: leaving.signal }).catch(() => undefined);
    await waitFor(() => expect(rig.program.notes()).toContain('sleep begins'));
    leaving.abort();
    await asked;
    await waitFor(() => expect(rig.program.notes()).toContain('sleep is cancelled'));
    expect(rig.sent()).toHaveLength(1);
  });
});
