import { describe, expect, test } from 'vitest';
import { textOf } from '../../../test/acceptance/routing/rig.ts';
import { add, bodyOf, calls, type Json, own, says, startMcp } from './test-mcp.ts';

describe('mcp and tools of the client', () => {
  test('a call of its own ends the loop, and the client can go on', async () => {
    const rig = await startMcp([
      calls(add(1, 1)),
      calls({ name: 'weather', arguments: { city: 'Rome' } }),
      says('Sunny.'),
    ]);
    const answer = await rig.chat({ tools: [own], parallel_tool_calls: false });
    const [choice] = bodyOf(answer).choices;
    expect(answer.headers['x-headrace-approach']).toBe('mcp');
    expect(choice.finish_reason).toBe('tool_calls');
    expect(choice.message.tool_calls).toMatchObject([{ function: { name: 'weather', arguments: '{"city":"Rome"}' } }]);
    expect(rig.sent()[0].tools[0]).toEqual(own);
    expect(rig.sent()[0].tools.length).toBeGreaterThan(1);
    expect(rig.sent().map((body) => body.parallel_tool_calls)).toEqual([false, false]);
    const result = { role: 'tool', tool_call_id: choice.message.tool_calls[0].id, content: 'sun' };
    const messages = [{ role: 'user', content: 'Hi' }, choice.message, result];
    expect(textOf(await rig.chat({ messages, tools: [own] }))).toBe('Sunny.');
    expect(rig.sent()[2].messages).toEqual(messages);
  });

  test('beside a call of its own nothing of servers is run, and it is returned alone', async () => {
    const rig = await startMcp([calls(add(1, 1), { name: 'weather' })]);
    const [choice] = bodyOf(await rig.chat({ tools: [own] })).choices;
    expect(choice.message.tool_calls).toHaveLength(1);
    expect(choice.message.tool_calls[0].function.name).toBe('weather');
    expect(rig.sent()).toHaveLength(1);
    expect(rig.program.notes()).not.toContain('add 1 1');
  });

  test('a tool of its own keeps its name, and the other of that name gets another', async () => {
    const mine = { type: 'function', function: { name: 't__add' } };
    const rig = await startMcp([calls(add(1, 1))]);
    const [choice] = bodyOf(await rig.chat({ tools: [mine] })).choices;
    expect(choice.message.tool_calls[0].function.name).toBe('t__add');
    const names = rig.sent()[0].tools.map((tool: Json) => tool.function.name);
    expect(new Set(names).size).toBe(names.length);
    expect(rig.program.notes()).not.toContain('add 1 1');
  });

  test('a client that wants no tools called gets none, and no server is opened', async () => {
    const rig = await startMcp([says('Hi.')]);
    await rig.chat({ tools: [own], tool_choice: 'none' });
    expect(rig.sent()[0]).toMatchObject({ tools: [own], tool_choice: 'none' });
    expect(rig.program.pids()).toEqual([]);
  });

  test('with a solver behind it such a request is a plain call', async () => {
    const rig = await startMcp([says('Hi.')], { approach: 'mcp&bon' });
    const answer = await rig.chat({ tools: [own] });
    expect(answer.headers['x-headrace-approach']).toBe('none; skipped=tools');
    expect(rig.sent()[0].tools).toEqual([own]);
  });

  test('an answer that is to be JSON is not checked before the client’s tools have run', async () => {
    const rig = await startMcp([calls({ name: 'weather' })]);
    const answer = await rig.chat({ tools: [own], response_format: { type: 'json_object' } });
    expect(bodyOf(answer).choices[0].message.tool_calls[0].function.name).toBe('weather');
    expect(rig.sent()).toHaveLength(1);
  });
});
