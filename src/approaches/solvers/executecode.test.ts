import { describe, expect, it } from 'vitest';
import { hasSandbox, sandboxWith } from '../../../test/harness/code-sandbox.ts';
import { startSolving } from '../../../test/harness/solving.ts';
import type { MockReply } from '../../mock/mock-reply.ts';
import { executecode } from './executecode.ts';

const usage = { prompt_tokens: 10, completion_tokens: 5 };
const block = (text: string, language = 'python') => `DRAFT\n\`\`\`${language}\n${text}\n\`\`\`\nMORE`;

function start(contents: readonly (string | MockReply)[]) {
  const replies = contents.map((one) => (typeof one === 'string' ? { content: one, usage } : { usage, ...one }));
  return startSolving({
    stages: [executecode],
    plan: 'executecode',
    settings: { codeExecution: sandboxWith({ timeoutMs: 5000, outputBytes: 2000 }) },
    script: (_, turn) => replies[turn] ?? { status: 500 },
  });
}

describe.skipIf(!hasSandbox)('executecode', () => {
  it('runs the code of the reply, and answers by the reply and what was printed', async () => {
    const rig = await start([block('print("PRINTED", 6 * 7)'), 'ANSWER']);
    const { text, body } = await rig.solve('QUESTION');
    expect(text).toBe('ANSWER');
    expect(body.headrace).toMatchObject({ approach: 'executecode', calls: 2, executed: true, failed: false });
    expect(body.usage.total_tokens).toBe(30);
    const last = rig.sent()[1];
    expect(last?.messages[0]).toEqual({ role: 'user', content: 'QUESTION' });
    expect(last?.messages.at(-1).content).toMatch(/DRAFT[\s\S]*MORE[\s\S]*PRINTED 42/);
  });

  it.each([
    ['no code', 'PLAIN'],
    ['code in another language', block('echo hi', 'bash')],
    ['an empty block', block('')],
  ])('gives a reply with %s as it is', async (_, reply) => {
    const rig = await start([reply]);
    const { text, body } = await rig.solve('QUESTION');
    expect(text).toBe(reply);
    expect(body.headrace).toMatchObject({ calls: 1, executed: false });
  });

  it.each(['', 'py', 'Python', 'python3', 'python title="a"', '{.python}'])('runs a block of %j', async (language) => {
    const rig = await start([block('print(1)', language), 'ANSWER']);
    expect((await rig.solve('QUESTION')).text).toBe('ANSWER');
  });

  it('passes over blocks of other languages, and runs the first of Python', async () => {
    const rig = await start([`${block('rm x', 'sh')}\n${block('print("ONE")')}\n${block('print("TWO")')}`, 'ANSWER']);
    await rig.solve('QUESTION');
    const { content } = rig.sent()[1]?.messages.at(-1) ?? {};
    expect(content).toMatch(/\nONE\n/);
    expect(content).not.toMatch(/\nTWO\n/);
  });

  it.each([
    ['fails', 'print("SOME")\nraise ValueError("WHY")', ['SOME', 'WHY']],
    ['prints too much', 'while True: print("SOME")', ['SOME', '2000 bytes']],
    ['is endless', 'print("SOME", flush=True)\nwhile True: pass', ['SOME', '5 seconds']],
  ])('tells what was printed by a program that %s, and why it is no good', async (_, program, told) => {
    const rig = await start([block(program), 'ANSWER']);
    const { text, body } = await rig.solve('QUESTION');
    expect(text).toBe('ANSWER');
    expect(body.headrace).toMatchObject({ executed: true, failed: true });
    for (const part of told) expect(rig.sent()[1]?.messages.at(-1).content).toContain(part);
  });

  it('runs no program that was cut off: it is asked once more, and ends if it is again', async () => {
    const cut = { content: 'DRAFT\n```python\nprint("HALF', finish_reason: 'length' };
    const mended = await start([cut, block('print("WHOLE")'), 'ANSWER']);
    expect((await mended.solve('QUESTION')).text).toBe('ANSWER');
    expect(mended.sent()[2]?.messages.at(-1).content).toContain('WHOLE');
    const hopeless = await start([cut, cut]);
    await expect(hopeless.solve('QUESTION')).rejects.toMatchObject({ code: 'upstream_error', status: 502 });
  });

  it('gives a reply without code that the limit of the client has cut off', async () => {
    const rig = await start([{ content: 'PLAI', finish_reason: 'length' }]);
    const { text, body } = await rig.solve('QUESTION', { max_tokens: 1 });
    expect(text).toBe('PLAI');
    expect(body.choices[0].finish_reason).toBe('length');
  });

  it('sends the fields of the request with both calls', async () => {
    const rig = await start([block('print(1)'), 'ANSWER']);
    await rig.solve('QUESTION', { temperature: 0.9, stop: ['X'], seed: 4, user: 'me' });
    for (const body of rig.sent()) expect(body).toMatchObject({ temperature: 0.9, stop: ['X'], seed: 4, user: 'me' });
  });

  it.each([0, 1])('ends with the error of call %i', async (at) => {
    const whole: (string | MockReply)[] = [block('print(1)'), 'ANSWER'];
    const rig = await start(whole.with(at, { status: 422 }));
    await expect(rig.solve('QUESTION')).rejects.toMatchObject({ status: 422 });
    expect(rig.sent()).toHaveLength(at + 1);
  });

  it('streams the last answer as it comes, and a reply without code', async () => {
    const rig = await start([block('print(1)'), 'THE ANSWER']);
    expect((await rig.solve('QUESTION', { stream: true })).text).toBe('THE ANSWER');
    expect(rig.sent().map(({ stream }) => stream === true)).toEqual([false, true]);
    const plain = await start(['PLAIN']);
    expect((await plain.solve('QUESTION', { stream: true })).text).toBe('PLAIN');
  });
});
