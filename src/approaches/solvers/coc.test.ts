import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { hasSandbox, sandboxWith } from '../../../test/harness/code-sandbox.ts';
import { startSolving } from '../../../test/harness/solving.ts';
import type { CodeExecutionConfig } from '../../config/approaches-config.ts';
import type { MockReply } from '../../mock/mock-reply.ts';
import { coc } from './coc.ts';

const usage = { prompt_tokens: 10, completion_tokens: 5 };
const code = (text: string) => `PLAN\n\`\`\`python\n${text}\n\`\`\``;
const said = (body: Record<string, unknown> | undefined) => JSON.stringify(body?.messages);

function start(contents: readonly (string | MockReply)[], limits: Partial<CodeExecutionConfig> = {}) {
  const replies = contents.map((one) => (typeof one === 'string' ? { content: one, usage } : { usage, ...one }));
  return startSolving({
    stages: [coc],
    plan: 'coc',
    settings: { codeExecution: sandboxWith(limits) },
    script: (_, turn) => replies[turn] ?? { status: 500 },
  });
}

describe.skipIf(!hasSandbox)('coc', () => {
  it('runs the program and gives the reply with the value of answer, not the bare value', async () => {
    const rig = await start([code('print("NOISE")\nanswer = 6 * 7')]);
    const { text, body, headers } = await rig.solve('QUESTION');
    expect(text).toMatch(/^PLAN[\s\S]*answer = 6 \* 7[\s\S]*42$/);
    expect(text).not.toContain('\nNOISE');
    expect(rig.sent()).toHaveLength(1);
    expect(body.headrace).toMatchObject({ approach: 'coc', calls: 1, executed: true, runs: 1, answer: '42' });
    expect(body.usage.total_tokens).toBe(15);
    expect(headers['x-headrace-calls']).toBe('1');
  });

  it.each([
    ['a text', 'answer = "blue"', 'blue'],
    ['several lines', 'answer = "a\\nb"', 'a\nb'],
    ['a list', 'answer = [1, 2]', '[1, 2]'],
    ['zero', 'answer = 0', '0'],
    ['what is set after other output without an end', 'import sys\nsys.stdout.write("x")\nanswer = 1', '1'],
    ['with the output turned away', 'import io, sys\nsys.stdout = io.StringIO()\nanswer = 1', '1'],
  ])('reads %s', async (_, program, value) => {
    const rig = await start([code(program)]);
    expect((await rig.solve('QUESTION')).body.headrace.answer).toBe(value);
  });

  it.each([
    ['an error', 'answer = 1 / 0', 'ZeroDivisionError'],
    ['an error of syntax', 'answer = (', 'SyntaxError'],
    ['no answer', 'x = 1', 'NameError'],
    ['nothing as the answer', 'answer = None', 'ValueError'],
    ['an end before the answer', 'raise SystemExit(0)\nanswer = 1', ''],
  ])('has the program mended with the text of the error: %s', async (_, broken, problem) => {
    const rig = await start([code(broken), code('answer = 2')]);
    const { text, body } = await rig.solve('QUESTION');
    expect(text).toMatch(/answer = 2[\s\S]*2$/);
    expect(body.headrace).toMatchObject({ calls: 2, executed: true, runs: 2 });
    const [, fix] = rig.sent();
    expect(said(fix)).toContain('QUESTION');
    expect(fix?.messages.at(-1).content).toContain(broken);
    expect(fix?.messages.at(-1).content).toContain(problem);
  });

  it('lets the model play the machine after two fixes, with the last program', async () => {
    const rig = await start([code('ONE()'), code('TWO()'), code('THREE()'), 'PLAYED']);
    const { text, body } = await rig.solve('QUESTION');
    expect(text).toBe('PLAYED');
    expect(body.headrace).toMatchObject({ calls: 4, executed: false, runs: 3 });
    expect(body.usage.total_tokens).toBe(60);
    const [, , second, play] = rig.sent();
    expect(second?.messages.at(-1).content).toContain('TWO()');
    expect(second?.messages.at(-1).content).not.toContain('ONE()');
    expect(play?.messages.at(-1).content).toContain('THREE()');
    expect(said(play)).toContain('QUESTION');
  });

  it('takes the whole reply as the program where there is no block', async () => {
    const rig = await start(['answer = 5']);
    expect((await rig.solve('QUESTION')).body.headrace).toMatchObject({ executed: true, answer: '5' });
  });

  it('counts a program that runs for too long or prints too much as failed', async () => {
    const loop = code('while True: pass');
    const flood = code('while True: print("x" * 1000)');
    const rig = await start([loop, flood, code('answer = 3')], { timeoutMs: 1000 });
    expect((await rig.solve('QUESTION')).body.headrace).toMatchObject({ calls: 3, answer: '3' });
    expect(rig.sent()[1]?.messages.at(-1).content).toMatch(/1 second/);
    expect(rig.sent()[2]?.messages.at(-1).content).toMatch(/65536 bytes/);
  });

  it('sends the fields of the request with every call, and no temperature of its own', async () => {
    const rig = await start([code('ONE()'), code('TWO()'), code('THREE()'), 'PLAYED']);
    await rig.solve('QUESTION', { max_tokens: 500, stop: ['X'], seed: 4, user: 'me' });
    for (const body of rig.sent()) {
      expect(body).toMatchObject({ max_tokens: 500, stop: ['X'], seed: 4, user: 'me' });
      expect(body).not.toHaveProperty('temperature');
    }
  });

  it('asks once more for a program that was cut off, and ends if it is again', async () => {
    const cut = { content: code('answer = 1'), finish_reason: 'length' };
    const mended = await start([cut, code('answer = 2')]);
    expect((await mended.solve('QUESTION')).body.headrace).toMatchObject({ calls: 2, runs: 1, answer: '2' });
    const hopeless = await start([cut, cut]);
    await expect(hopeless.solve('QUESTION')).rejects.toMatchObject({ code: 'upstream_error', status: 502 });
  });

  it.each([0, 1, 2, 3])('ends with the error of call %i', async (at) => {
    const whole: (string | MockReply)[] = [code('ONE()'), code('TWO()'), code('THREE()'), 'PLAYED'];
    const rig = await start(whole.with(at, { status: 422 }));
    await expect(rig.solve('QUESTION')).rejects.toMatchObject({ status: 422 });
    expect(rig.sent()).toHaveLength(at + 1);
  });

  it('streams the answer, and what is played as it comes', async () => {
    const rig = await start([code('answer = 7')]);
    expect((await rig.solve('QUESTION', { stream: true })).text).toMatch(/^PLAN[\s\S]*7$/);
    const played = await start([code('A()'), code('B()'), code('C()'), 'PLAYED TEXT']);
    expect((await played.solve('QUESTION', { stream: true })).text).toBe('PLAYED TEXT');
    expect(played.sent().map(({ stream }) => stream === true)).toEqual([false, false, false, true]);
  });

  it('ends a run when the client leaves, and asks nothing more', async () => {
    const rig = await start([code('while True: pass'), code('answer = 1')]);
    const controller = new AbortController();
    const solving = rig.solve('QUESTION', {}, controller.signal);
    solving.catch(() => undefined);
    await expect.poll(() => rig.sent().length).toBe(1);
    await sleep(300);
    const left = performance.now();
    controller.abort();
    await expect(solving).rejects.toMatchObject({ code: 'client_closed_request' });
    expect(performance.now() - left).toBeLessThan(15_000);
    expect(rig.sent()).toHaveLength(1);
  });

  it('ends a run at the deadline, and gives the best there is', async () => {
    const rig = await startSolving({
      stages: [coc],
      plan: 'coc',
      settings: { codeExecution: sandboxWith() },
      budget: { deadlineMs: 1000 },
      script: () => ({ content: code('while True: pass'), usage }),
    });
    const started = performance.now();
    const { text, headers } = await rig.solve('QUESTION');
    expect(text).toBe(code('while True: pass'));
    expect(headers['x-headrace-stopped']).toBe('deadline');
    expect(performance.now() - started).toBeLessThan(15_000);
  });
});
