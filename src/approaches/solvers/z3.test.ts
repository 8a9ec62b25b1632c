import { describe, expect, it } from 'vitest';
import { hasSandbox, sandboxWith } from '../../../test/harness/code-sandbox.ts';
import { startSolving } from '../../../test/harness/solving.ts';
import type { MockReply } from '../../mock/mock-reply.ts';
import { z3 } from './z3.ts';

const usage = { prompt_tokens: 10, completion_tokens: 5 };
const code = (text: string) => `\`\`\`python\n${text}\n\`\`\``;

function start(contents: readonly (string | MockReply)[], parameters: Record<string, unknown> = {}) {
  const replies = contents.map((one) => (typeof one === 'string' ? { content: one, usage } : { usage, ...one }));
  return startSolving({
    stages: [z3],
    plan: 'z3',
    parameters,
    settings: { codeExecution: sandboxWith() },
    script: (_, turn) => replies[turn] ?? { status: 500 },
  });
}

describe.skipIf(!hasSandbox)('z3', () => {
  it('answers by what the program printed', async () => {
    const rig = await start([code('print("x =", 40 + 2)'), 'ANSWER']);
    const { text, body } = await rig.solve('QUESTION');
    expect(text).toBe('ANSWER');
    expect(body.headrace).toMatchObject({ approach: 'z3', calls: 2, applicable: true, executed: true, runs: 1 });
    expect(body.usage.total_tokens).toBe(30);
    const [ask, last] = rig.sent();
    expect(ask?.messages[0]).toEqual({ role: 'user', content: 'QUESTION' });
    expect(ask?.temperature).toBe(0.1);
    expect(last?.messages[0]).toEqual({ role: 'user', content: 'QUESTION' });
    expect(last?.messages.at(-1).content).toMatch(/40 \+ 2[\s\S]*x = 42/);
    expect(last).not.toHaveProperty('temperature');
  });

  it('makes a plain call where the question is not about constraints', async () => {
    const rig = await start(['NO', 'PLAIN']);
    const { text, body } = await rig.solve('QUESTION');
    expect(text).toBe('PLAIN');
    expect(body.headrace).toMatchObject({ calls: 2, applicable: false, runs: 0 });
    expect(rig.sent()[1]?.messages).toEqual([{ role: 'user', content: 'QUESTION' }]);
  });

  it.each([
    ['an error', 'import no_such_package', 'ModuleNotFoundError'],
    ['nothing', 'x = 1', 'nothing'],
  ])('has the program mended with what was wrong: %s', async (_, broken, problem) => {
    const rig = await start([code(broken), code('print("sat")'), 'ANSWER']);
    const { text, body } = await rig.solve('QUESTION');
    expect(text).toBe('ANSWER');
    expect(body.headrace).toMatchObject({ calls: 3, executed: true, runs: 2 });
    const { content } = rig.sent()[1]?.messages.at(-1) ?? {};
    expect(content).toContain(broken);
    expect(content).toContain(problem);
  });

  it('makes a plain call after three fixes', async () => {
    const rig = await start([code('A()'), code('B()'), code('C()'), code('D()'), 'PLAIN']);
    const { text, body } = await rig.solve('QUESTION');
    expect(text).toBe('PLAIN');
    expect(body.headrace).toMatchObject({ calls: 5, applicable: true, executed: false, runs: 4 });
    expect(rig.sent()[4]?.messages).toEqual([{ role: 'user', content: 'QUESTION' }]);
  });

  it('sends the fields of the request with the last call only', async () => {
    const rig = await start([code('A()'), code('print(1)'), 'ANSWER'], { helper_max_tokens: 77 });
    await rig.solve('QUESTION', { temperature: 0.9, max_tokens: 50, stop: ['X'], seed: 4, user: 'me' });
    const [ask, fix, last] = rig.sent();
    expect(last).toMatchObject({ temperature: 0.9, max_tokens: 50, stop: ['X'], seed: 4, user: 'me' });
    for (const body of [ask, fix]) {
      expect(Object.keys(body ?? {}).toSorted()).toEqual(['max_tokens', 'messages', 'model', 'temperature', 'user']);
      expect(body).toMatchObject({ temperature: 0.1, max_tokens: 77, user: 'me' });
    }
  });

  it('asks once more for a program that was cut off, and ends if it is again', async () => {
    const cut = { content: code('print(1)'), finish_reason: 'length' };
    const mended = await start([cut, code('print(2)'), 'ANSWER']);
    expect((await mended.solve('QUESTION')).text).toBe('ANSWER');
    expect(mended.sent()[2]?.messages.at(-1).content).toContain('print(2)');
    const hopeless = await start([cut, cut]);
    await expect(hopeless.solve('QUESTION')).rejects.toMatchObject({ code: 'upstream_error', status: 502 });
  });

  it.each([0, 1, 2])('ends with the error of call %i', async (at) => {
    const whole: (string | MockReply)[] = [code('A()'), code('print(1)'), 'ANSWER'];
    const rig = await start(whole.with(at, { status: 422 }));
    await expect(rig.solve('QUESTION')).rejects.toMatchObject({ status: 422 });
    expect(rig.sent()).toHaveLength(at + 1);
  });

  it('streams the answer as it comes, and a plain one too', async () => {
    const rig = await start([code('print(1)'), 'THE ANSWER']);
    const solved = await rig.solve('QUESTION', { stream: true });
    expect(solved.text).toBe('THE ANSWER');
    expect(rig.sent().map(({ stream }) => stream === true)).toEqual([false, true]);
    expect(solved.finish.usage).toMatchObject({ promptTokens: 20, completionTokens: 10 });
    const plain = await start(['NO', 'PLAIN']);
    expect((await plain.solve('QUESTION', { stream: true })).text).toBe('PLAIN');
    expect(plain.sent().map(({ stream }) => stream === true)).toEqual([false, true]);
  });
});
