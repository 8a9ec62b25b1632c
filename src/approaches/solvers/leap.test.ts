import { describe, expect, it } from 'vitest';
import { startSolving } from '../../../test/harness/solving.ts';
import type { MockReply } from '../../mock/mock-reply.ts';
import { leap } from './leap.ts';

const usage = { prompt_tokens: 10, completion_tokens: 5 };
const said = (body: Record<string, unknown> | undefined) => JSON.stringify(body?.messages);
const examples = [
  { question: 'EXAMPLE-ONE', answer: '12' },
  { question: 'EXAMPLE-TWO', answer: 'The answer is 1,000.' },
];

interface Script {
  readonly found?: string;
  /** By the question of the example. */
  readonly attempts?: Record<string, MockReply>;
  readonly principle?: MockReply;
  readonly condensed?: MockReply;
  readonly last?: MockReply;
}

/** Tells the calls apart by their order and by what stands in them. */
function start(script: Script, parameters: Record<string, unknown> = {}) {
  let isCondensed = false;
  let learned = 0;
  const attempts = Object.entries(script.attempts ?? {});
  const reply = (text: string, turn: number): MockReply => {
    if (turn === 0) return { content: script.found ?? JSON.stringify(examples) };
    if (!text.includes('QUESTION'))
      return attempts.find(([question]) => text.includes(question))?.[1] ?? { status: 500 };
    if (isCondensed || (learned === 0 && !/EXAMPLE/.test(text))) return script.last ?? { content: 'FINAL' };
    if (/EXAMPLE/.test(text)) return script.principle ?? { content: `PRINCIPLE-${++learned}` };
    isCondensed = script.condensed?.finish_reason === undefined;
    return script.condensed ?? { content: 'CONDENSED' };
  };
  return startSolving({
    stages: [leap],
    plan: 'leap',
    parameters,
    script: (request, turn) => ({ usage, ...reply(JSON.stringify(request.json.messages), turn) }),
  });
}

const right = { 'EXAMPLE-ONE': { content: 'So \\boxed{12.0}' }, 'EXAMPLE-TWO': { content: 'Final answer: 1000' } };
const oneWrong = { ...right, 'EXAMPLE-TWO': { content: 'Final answer: 999' } };
const bothWrong = { 'EXAMPLE-ONE': { content: 'no idea' }, 'EXAMPLE-TWO': { content: 'Final answer: 999' } };

describe('leap', () => {
  it.each(['[]', 'There are none:\n```json\n[]\n```', 'none', '[{"question": "", "answer": "1"}, 3, null]'])(
    'answers at once where there are no examples: %s',
    async (found) => {
      const rig = await start({ found });
      const { text, body } = await rig.solve('QUESTION');
      expect(text).toBe('FINAL');
      expect(rig.sent()).toHaveLength(2);
      expect(rig.sent()[1]?.messages).toEqual([{ role: 'user', content: 'QUESTION' }]);
      expect(body.headrace).toMatchObject({ calls: 2, examples: 0, mistakes: 0 });
      expect(body.usage.total_tokens).toBe(30);
    },
  );

  it('learns from the one example of two that was answered wrongly: 6 calls', async () => {
    const rig = await start({ attempts: oneWrong });
    const { text, body } = await rig.solve('QUESTION');
    expect(text).toBe('FINAL');
    expect(body.headrace).toMatchObject({ approach: 'leap', calls: 6, examples: 2, mistakes: 1 });
    expect(body.usage).toMatchObject({ prompt_tokens: 60, completion_tokens: 30 });
    const [first, one, two, principle, condensing, last] = rig.sent();
    expect(rig.sent().map(({ temperature }) => temperature)).toEqual([0.1, 0.7, 0.7, 0.1, 0.1, undefined]);
    expect(said(first)).toContain('QUESTION');
    expect([one, two].map(said).toSorted()).toEqual([
      expect.stringContaining('EXAMPLE-ONE'),
      expect.stringContaining('EXAMPLE-TWO'),
    ]);
    for (const body of [one, two]) expect(body?.messages).toHaveLength(1);
    expect(said(principle)).toMatch(/QUESTION.*EXAMPLE-TWO.*Final answer: 999.*1,000/);
    expect(said(principle)).not.toContain('EXAMPLE-ONE');
    expect(said(condensing)).toMatch(/QUESTION.*PRINCIPLE-1/);
    expect(said(last)).toMatch(/QUESTION.*CONDENSED/);
  });

  it('leaves out the principles where nothing was wrong, by the value of the answers', async () => {
    const rig = await start({ attempts: right });
    const { text, body } = await rig.solve('QUESTION');
    expect(text).toBe('FINAL');
    expect(rig.sent()).toHaveLength(4);
    expect(body.headrace).toMatchObject({ calls: 4, examples: 2, mistakes: 0 });
  });

  it('condenses all principles, and counts a reply without the answer as wrong', async () => {
    const rig = await start({ attempts: bothWrong });
    const { body } = await rig.solve('QUESTION');
    expect(body.headrace).toMatchObject({ calls: 7, mistakes: 2 });
    expect(said(rig.sent()[5])).toMatch(/PRINCIPLE-1.*PRINCIPLE-2/);
  });

  it('compares free text as a whole', async () => {
    const found = JSON.stringify([{ question: 'EXAMPLE', answer: 'Paris' }]);
    const rig = await start({ found, attempts: { EXAMPLE: { content: ' paris. ' } } });
    expect((await rig.solve('QUESTION')).body.headrace).toMatchObject({ calls: 3, mistakes: 0 });
  });

  it('uses no more examples than the parameter says', async () => {
    const rig = await start({ attempts: right }, { examples: 1 });
    expect((await rig.solve('QUESTION')).body.headrace).toMatchObject({ calls: 3, examples: 1 });
    expect(leap.maximumCalls({ examples: 2 })).toBe(7);
  });

  it('sends the fields of the request with the last call only', async () => {
    const rig = await start({ attempts: oneWrong }, { helper_max_tokens: 77 });
    await rig.solve('QUESTION', { temperature: 0.4, max_tokens: 50, stop: ['X'], seed: 4, user: 'me' });
    const sent = rig.sent();
    expect(sent[5]).toMatchObject({ temperature: 0.4, max_tokens: 50, stop: ['X'], seed: 4, user: 'me' });
    for (const body of sent.slice(0, 5)) {
      expect(Object.keys(body).toSorted()).toEqual(['max_tokens', 'messages', 'model', 'temperature', 'user']);
      expect(body.max_tokens).toBe(77);
    }
  });

  it.each([
    ['principle', { principle: { content: 'HALF', finish_reason: 'length' } }, 5],
    ['condensed list', { condensed: { content: 'HALF', finish_reason: 'length' } }, 6],
  ])('ends where a %s is cut off twice', async (_, script, calls) => {
    const rig = await start({ attempts: oneWrong, ...script });
    await expect(rig.solve('QUESTION')).rejects.toMatchObject({ code: 'upstream_error', status: 502 });
    expect(rig.sent()).toHaveLength(calls);
  });

  it('ends with the error of an example, or of the last call', async () => {
    const broken = await start({ attempts: { ...right, 'EXAMPLE-ONE': { status: 422 } } });
    await expect(broken.solve('QUESTION')).rejects.toMatchObject({ status: 422 });
    const last = await start({ attempts: right, last: { status: 422 } });
    await expect(last.solve('QUESTION')).rejects.toMatchObject({ status: 422 });
  });

  it('streams the answer as it comes', async () => {
    const rig = await start({ attempts: oneWrong });
    const solved = await rig.solve('QUESTION', { stream: true });
    expect(solved.text).toBe('FINAL');
    expect(rig.sent().map(({ stream }) => stream === true)).toEqual([false, false, false, false, false, true]);
    expect(solved.body).not.toMatch(/PRINCIPLE|CONDENSED/);
    expect(solved.finish.usage).toMatchObject({ promptTokens: 60, completionTokens: 30 });
  });
});
