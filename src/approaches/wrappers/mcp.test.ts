import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { startRouting, textOf } from '../../../test/acceptance/routing/rig.ts';
import type { MockReply, RecordedRequest } from '../../../test/fake-backend/fake-backend.ts';
import { testProgram, waitFor } from '../tools/test-tool-servers.ts';
import { add, bodyOf, calls, type Json, resultsIn, says, startMcp, usage } from './test-mcp.ts';

describe('mcp', () => {
  test('runs the tools that a reply asks for, and gives the answer that is made with their results', async () => {
    const rig = await startMcp([calls(add(2, 3)), says('It is 5.')]);
    const answer = await rig.chat({ seed: 7 });
    expect(answer.status).toBe(200);
    const body = bodyOf(answer);
    expect(body.choices[0]).toMatchObject({
      message: { role: 'assistant', content: 'It is 5.' },
      finish_reason: 'stop',
    });
    expect(body.choices[0].message.tool_calls).toBeUndefined();
    expect(body.usage).toMatchObject({ prompt_tokens: 20, completion_tokens: 10, total_tokens: 30 });
    expect(body.headrace).toMatchObject({ approach: 'mcp', calls: 2, tools: [{ name: 't__add', failed: false }] });
    const [first, second] = rig.sent();
    const tool = first.tools.find((one: Json) => one.function.name === 't__add');
    expect(tool).toMatchObject({ type: 'function', function: { description: 'Adds two numbers.' } });
    expect(tool.function.parameters.required).toEqual(['a', 'b']);
    expect(first).not.toHaveProperty('tool_choice');
    expect(second).toMatchObject({ seed: 7, tools: first.tools });
    const [question, asking, result] = second.messages;
    expect([question]).toEqual(first.messages);
    expect(asking.tool_calls[0].function).toEqual({ name: 't__add', arguments: '{"a":2,"b":3}' });
    expect(result).toEqual({ role: 'tool', tool_call_id: asking.tool_calls[0].id, content: '5' });
  });

  test('runs all of one round at once, and keeps their order', async () => {
    const meet = { name: 't__meet', arguments: { of: 3 } };
    const rig = await startMcp([calls(meet, add(1, 1), meet, meet), says('ok')]);
    expect((await rig.chat()).status).toBe(200);
    expect(resultsIn(rig.sent()[1]).map(({ content }) => content)).toEqual(['met', '2', 'met', 'met']);
  });

  test.each([
    ['a tool that fails', { name: 't__fail' }, /^Error: the disk is full$/],
    ['a tool that nobody knows', { name: 'nothing' }, /^Error: there is no tool "nothing"; the tools are: t__add/],
    [
      'arguments that cannot be read',
      { name: 't__add', arguments: '{"a": 1' },
      /^Error: the arguments are no JSON object$/,
    ],
    ['arguments that are no object', { name: 't__add', arguments: '[1]' }, /^Error: the arguments are no JSON object$/],
    ['arguments that the tool refuses', { name: 't__add', arguments: '{}' }, /^Error: /],
    [
      'a tool that takes too long',
      { name: 't__sleep', arguments: { ms: 60_000 } },
      /^Error: .*did not answer in time$/,
    ],
    ['a server that dies', { name: 't__die' }, /^Error: .*its program ended with code 3$/],
  ])('the error of %s is its result', async (_what, call, result) => {
    const parameters = call.name === 't__sleep' ? { tool_timeout: 1 } : {};
    const rig = await startMcp([calls(call), says('I see.')], { parameters });
    const answer = await rig.chat();
    expect(textOf(answer)).toBe('I see.');
    expect(resultsIn(rig.sent()[1])[0].content).toMatch(result);
    expect(bodyOf(answer).headrace.tools[0].failed).toBe(true);
  });

  test('after the last round the model may ask for no more', async () => {
    const rig = await startMcp(({ json }) => (json.tool_choice === 'none' ? says('Enough.') : calls(add(1, 1))), {
      parameters: { max_rounds: 2 },
    });
    const answer = await rig.chat({ tool_choice: 'required' });
    expect(textOf(answer)).toBe('Enough.');
    expect(rig.sent().map(({ tool_choice }) => tool_choice)).toEqual(['required', undefined, 'none']);
    expect(rig.sent()[2].tools).toEqual(rig.sent()[0].tools);
    expect(resultsIn(rig.sent()[2])).toHaveLength(2);
  });

  test('a model that asks for ever is an error', async () => {
    const rig = await startMcp(() => calls(add(1, 1)), { parameters: { max_rounds: 1 } });
    const answer = await rig.chat();
    expect(answer.status).toBe(502);
    expect(bodyOf(answer).error).toMatchObject({
      code: 'upstream_error',
      message: expect.stringContaining('after 1 rounds'),
    });
    expect(answer.headers['x-should-retry']).toBe('false');
    expect(rig.sent()).toHaveLength(2);
  });

  test('`n` runs it so many times', async () => {
    const rig = await startMcp(({ json }) => (resultsIn(json).length > 0 ? says('five') : calls(add(2, 3))));
    const body = bodyOf(await rig.chat({ n: 2 }));
    expect(body.choices.map(({ message }: Json) => message.content)).toEqual(['five', 'five']);
    expect(body.usage.total_tokens).toBe(60);
    expect(rig.program.pids()).toHaveLength(1);
  });

  test('requests at the same time share one program, which ends with the gateway', async () => {
    const rig = await startMcp(({ json }) =>
      resultsIn(json).length > 0 ? says(resultsIn(json)[0].content) : calls({ name: 't__pid' }),
    );
    const texts = await Promise.all([1, 2, 3, 4].map(async () => textOf(await rig.chat())));
    const [pid] = rig.program.pids();
    expect(texts).toEqual(Array.from({ length: 4 }, () => String(pid)));
    expect(rig.program.pids()).toHaveLength(1);
    await rig.gateway.gateway.reload('a test');
    expect(textOf(await rig.chat())).toBe(String(pid));
    await rig.gateway.gateway.close();
    expect(() => process.kill(pid as number, 0)).toThrow('ESRCH');
  });

  test('a budget ends a tool that runs', async () => {
    const rig = await startMcp(() => calls({ name: 't__sleep', arguments: { ms: 60_000 } }));
    await rig.open();
    // However slow the machine is, one of them is over while the tool runs.
    for (const deadline of [0.5, 2, 8, 20]) {
      const before = rig.sent().length;
      const answer = await rig.chat({ headrace_approach: { name: 'mcp', budget: { deadline } } });
      expect(answer.status).toBe(504);
      expect(rig.sent().length).toBeLessThanOrEqual(before + 1);
      if (rig.program.notes().includes('sleep begins')) break;
    }
    await waitFor(() => expect(rig.program.notes()).toContain('sleep is cancelled'));
  });

  test('a client that leaves ends a tool that runs', async () => {
    const rig = await startMcp([calls({ name: 't__sleep', arguments: { ms: 60_000 } })]);
    const leaving = new AbortController();
    const asked = rig.chat({}, { signal: leaving.signal }).catch(() => undefined);
    await waitFor(() => expect(rig.program.notes()).toContain('sleep begins'));
    leaving.abort();
    await asked;
    await waitFor(() => expect(rig.program.notes()).toContain('sleep is cancelled'));
    await pause(100);
    expect(rig.sent()).toHaveLength(1);
  });
});

describe('mcp before a solver', () => {
  test('candidates have the tools, each goes on by itself, and ratings have none', async () => {
    const rig = await startMcp(
      ({ json }) => {
        if (json.n === 2) return { ...calls(add(1, 1)), usage };
        if (resultsIn(json).length > 0) return says(`with ${resultsIn(json)[0].content}, seed ${json.seed}`);
        return says('9');
      },
      { approach: 'mcp&bon', parameters: { bon: { candidates: 2 } } },
    );
    const body = bodyOf(await rig.chat({ seed: 4 }));
    expect(body.choices[0].message.content).toBe('with 2, seed 4');
    const [sampled, ...others] = rig.sent();
    expect(sampled).toMatchObject({ n: 2, tools: expect.any(Array) });
    const further = others.filter((sent) => resultsIn(sent).length > 0);
    expect(further.map((sent) => sent.seed).toSorted()).toEqual([4, 5]);
    expect(further.every((sent) => sent.tools.length > 0 && !('n' in sent))).toBe(true);
    const ratings = others.filter((sent) => resultsIn(sent).length === 0);
    expect(ratings).toHaveLength(2);
    expect(ratings.some((sent) => 'tools' in sent)).toBe(false);
    expect(body.headrace).toMatchObject({ approach: 'mcp&bon', calls: 5, chosen: 1, tools: [{}, {}] });
  });

  test('a candidate whose tools lead to an error is left out', async () => {
    const rig = await startMcp(
      ({ json }) => {
        if (json.n === 2) return calls(add(1, 1));
        if (resultsIn(json).length === 0) return says('9');
        return json.seed === 4 ? { status: 500 } : says('the second');
      },
      { approach: 'mcp&bon', parameters: { bon: { candidates: 2 } } },
    );
    const body = bodyOf(await rig.chat({ seed: 4 }));
    expect(body.choices[0].message.content).toBe('the second');
  });

  test('privacy around it hides from tools as from models what the question says', async () => {
    const echo = ({ json }: RecordedRequest): MockReply => {
      if (resultsIn(json).length > 0) return says(`sent to ${(json as Json).messages[0].content}`);
      return calls({ name: 't__nothing', arguments: { to: (json as Json).messages[0].content } });
    };
    const rig = await startMcp(echo, { approach: 'privacy&mcp' });
    const answer = await rig.chat({ messages: [{ role: 'user', content: 'ann@example.com' }] });
    expect(textOf(answer)).toBe('sent to ann@example.com');
    expect(JSON.stringify(rig.sent())).not.toContain('ann@example.com');
  });
});

describe('mcp and its servers', () => {
  test('a server that cannot be used fails the request before any call', async () => {
    const { settings } = await testProgram();
    const rig = await startRouting({
      backends: { u: [says('no')] },
      settings: {
        approaches: {
          mcp_servers: { t: settings, broken: { command: '/no/such/program', env: { KEY: 'sk-very-secret' } } },
        },
        routes: {
          r: { model: 'u:m', approach: 'mcp' },
          s: { model: 'u:m', approach: 'mcp', parameters: { servers: ['t'] } },
        },
      },
    });
    const answer = await rig.chat();
    expect(answer.status).toBe(502);
    expect(bodyOf(answer).error).toMatchObject({
      code: 'upstream_unreachable',
      message: 'the tool server "broken" cannot be used: its program was not found',
    });
    expect(rig.calls()).toEqual({ u: 0 });
    expect((await rig.chat({ model: 's' })).status).toBe(200);
  });

  test('without any it is a mistake, of the route and of the request', async () => {
    const loose = await startRouting({ backends: { u: [says('no')] }, settings: {} });
    const answer = await loose.chat({ model: 'u:m', headrace_approach: 'mcp' });
    expect(answer.status).toBe(400);
    expect(bodyOf(answer).error).toMatchObject({
      code: 'invalid_request',
      message: expect.stringContaining('approaches.mcp_servers'),
    });
    const routes = { r: { model: 'u:m', approach: 'mcp' } };
    await expect(startRouting({ backends: { u: [] }, settings: { routes } })).rejects.toThrow(/mcp_servers/);
  });

  test('a server that is not there is told, with the one that was meant', async () => {
    const rig = await startMcp([says('no')]);
    const asked = { name: 'mcp', parameters: { servers: ['tt'] } };
    const error = bodyOf(await rig.chat({ model: 'u:m', headrace_approach: asked })).error;
    expect(error.message).toContain('no server of tools "tt" (did you mean t?)');
    await expect(startMcp([], { parameters: { servers: ['tt'] } })).rejects.toThrow(/did you mean t/);
  });

  test('a request names no programs of its own', async () => {
    const rig = await startMcp([says('no')]);
    const asked = { name: 'mcp', parameters: { servers: [{ command: '/bin/sh' }] } };
    expect((await rig.chat({ model: 'u:m', headrace_approach: asked })).status).toBe(400);
    const more = { name: 'mcp', parameters: { mcp_servers: { x: { command: '/bin/sh' } } } };
    expect((await rig.chat({ model: 'u:m', headrace_approach: more })).status).toBe(400);
    expect(rig.program.pids()).toEqual([]);
  });
});
