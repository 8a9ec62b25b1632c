import { describe, expect, it } from 'vitest';
import { startSolving } from '../../../test/harness/solving.ts';
import type { MockReply } from '../../mock/mock-reply.ts';
import { rto } from './rto.ts';

const usage = { prompt_tokens: 10, completion_tokens: 5 };
const code = (text: string) => `Here it is:\n\`\`\`python\n${text}\n\`\`\`\nDone.`;

function start(contents: readonly (string | MockReply)[], parameters: Record<string, unknown> = {}) {
  const replies = contents.map((one) => (typeof one === 'string' ? { content: one, usage } : { usage, ...one }));
  return startSolving({
    stages: [rto],
    plan: 'rto',
    parameters,
    script: (_, turn) => replies[turn] ?? { status: 500 },
  });
}

const said = (body: Record<string, unknown> | undefined) => JSON.stringify(body?.messages);

describe('rto', () => {
  it('gives the first reply where the code comes back, but for white space at line ends', async () => {
    const first = code('def f(x):\n    return x + 1');
    const rig = await start([first, 'ADDS-ONE', code('def f(x):  \r\n    return x + 1\t\n')]);
    const { text, body, headers } = await rig.solve('QUESTION');
    expect(text).toBe(first);
    expect(rig.sent()).toHaveLength(3);
    expect(rig.sent().map(({ temperature }) => temperature)).toEqual([0.1, 0.1, 0.1]);
    expect(body.usage).toMatchObject({ prompt_tokens: 30, completion_tokens: 15, total_tokens: 45 });
    expect(body.headrace).toMatchObject({ approach: 'rto', calls: 3 });
    expect(headers['x-headrace-calls']).toBe('3');
  });

  it('describes the code alone, and codes from the description alone', async () => {
    const rig = await start([code('ONE'), 'DESCRIPTION', code('ONE')]);
    await rig.solve('QUESTION', {
      messages: [
        { role: 'system', content: 'SYSTEM' },
        { role: 'user', content: 'QUESTION' },
      ],
    });
    const [first, second, third] = rig.sent();
    expect(first?.messages.map(({ role }: { role: string }) => role)).toEqual(['system', 'user']);
    expect(said(first)).toMatch(/SYSTEM.*QUESTION/);
    expect(second?.messages).toHaveLength(1);
    expect(said(second)).toContain('ONE');
    expect(said(second)).not.toMatch(/QUESTION|SYSTEM|Here it is/);
    expect(third?.messages).toHaveLength(1);
    expect(said(third)).toContain('DESCRIPTION');
    expect(said(third)).not.toMatch(/QUESTION|SYSTEM|ONE/);
  });

  it('asks for the final code from the question and both where they differ, by indentation too', async () => {
    const rig = await start([code('  ONE'), 'DESCRIPTION', code('ONE'), 'FINAL']);
    const { text, body } = await rig.solve('QUESTION');
    expect(text).toBe('FINAL');
    expect(body.usage.total_tokens).toBe(60);
    expect(rig.sent()).toHaveLength(4);
    const last = rig.sent()[3];
    expect(last?.messages[0]).toEqual({ role: 'user', content: 'QUESTION' });
    expect(last?.messages[1].content).toMatch(/ {2}ONE[\s\S]*\nONE/);
    expect(last?.temperature).toBe(0.1);
  });

  it('sends the fields of the request with the answer calls only', async () => {
    const rig = await start([code('ONE'), 'DESCRIPTION', code('TWO'), 'FINAL'], { helper_max_tokens: 77 });
    await rig.solve('QUESTION', { temperature: 0.9, max_tokens: 50, stop: ['X'], seed: 4, user: 'me', special: 1 });
    const [first, second, third, fourth] = rig.sent();
    for (const body of [first, fourth]) {
      expect(body).toMatchObject({ temperature: 0.9, max_tokens: 50, stop: ['X'], seed: 4, user: 'me', special: 1 });
    }
    for (const body of [second, third]) {
      expect(Object.keys(body ?? {}).toSorted()).toEqual(['max_tokens', 'messages', 'model', 'temperature', 'user']);
      expect(body).toMatchObject({ temperature: 0.1, max_tokens: 77, user: 'me' });
    }
  });

  it.each([
    ['code', 0],
    ['description', 1],
    ['second code', 2],
  ])('asks once more for a %s that was cut off, and ends if it is again', async (_, at) => {
    const whole: (string | MockReply)[] = [code('ONE'), 'DESCRIPTION', code('ONE')];
    const cut = { content: 'HALF', finish_reason: 'length' };
    const mended = await start(whole.toSpliced(at, 0, cut));
    expect((await mended.solve('QUESTION')).text).toBe(code('ONE'));
    expect(mended.sent()).toHaveLength(4);
    expect(mended.sent()[at]).toEqual(mended.sent()[at + 1]);
    expect(said(mended.sent()[at + 2]) ?? '').not.toContain('HALF');

    const hopeless = await start(whole.toSpliced(at, 0, cut, cut));
    await expect(hopeless.solve('QUESTION')).rejects.toMatchObject({
      code: 'upstream_error',
      status: 502,
      headers: expect.arrayContaining([['x-should-retry', 'false']]),
    });
    expect(hopeless.sent()).toHaveLength(at + 2);
  });

  it.each([0, 1, 2, 3])('ends with the error of call %i', async (at) => {
    const whole: (string | MockReply)[] = [code('ONE'), 'DESCRIPTION', code('TWO'), 'FINAL'];
    const rig = await start(whole.with(at, { status: 422 }));
    await expect(rig.solve('QUESTION')).rejects.toMatchObject({ status: 422 });
    expect(rig.sent()).toHaveLength(at + 1);
  });

  it('streams the final code as it comes', async () => {
    const rig = await start([code('ONE'), 'DESCRIPTION', code('TWO'), 'FINAL CODE']);
    const solved = await rig.solve('QUESTION', { stream: true, stream_options: { include_usage: true } });
    expect(solved.text).toBe('FINAL CODE');
    expect(rig.sent().map(({ stream }) => stream === true)).toEqual([false, false, false, true]);
    expect(solved.events.find((event) => event.usage)?.usage.total_tokens).toBe(60);
    expect(solved.finish.usage).toMatchObject({ promptTokens: 40, completionTokens: 20 });
    expect(solved.body).not.toMatch(/python|TWO|DESCRIPTION/);
  });

  it('streams the first reply where the code comes back', async () => {
    const rig = await start([code('ONE'), 'DESCRIPTION', code('ONE')]);
    expect((await rig.solve('QUESTION', { stream: true })).text).toBe(code('ONE'));
  });
});
