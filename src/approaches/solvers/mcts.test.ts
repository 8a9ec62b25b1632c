import { describe, expect, it } from 'vitest';
import { type SolvingRig, startSolving } from '../../../test/harness/solving.ts';
import type { MockReply } from '../../mock/mock-reply.ts';
import type { Budget } from '../spending.ts';
import { mcts } from './mcts.ts';

const usage = { prompt_tokens: 10, completion_tokens: 5 };
const said = (body: Record<string, unknown> | undefined) => JSON.stringify(body?.messages);

/**
 * First answers are ANSWER-1 ..., rewritings go on counting; each is rated by the text of `ratings`. Helper calls are
 * known by having no `special`, which each request of these tests has.
 */
function start(
  ratings: readonly (string | MockReply)[],
  parameters: Record<string, unknown> = {},
  rewrites: readonly MockReply[] = [],
  budget: Partial<Budget> = {},
) {
  let answers = 0;
  let rewritten = 0;
  const script = ({ json }: { json: Record<string, unknown> }): MockReply => {
    const shown = /ANSWER-(\d+)/.exec(JSON.stringify(json.messages))?.[1];
    if (json.special === undefined) {
      const rating = ratings[Number(shown) - 1] ?? 'none';
      return { usage, ...(typeof rating === 'string' ? { content: rating } : rating) };
    }
    if (shown !== undefined) return { usage, ...(rewrites[rewritten++] ?? { content: `ANSWER-${++answers}` }) };
    return { usage, content: Array.from({ length: Number(json.n ?? 1) }, () => `ANSWER-${++answers}`) };
  };
  return startSolving({ stages: [mcts], plan: 'mcts', parameters, script, budget });
}

const fields = { special: true };
/** Which answers were rewritten, in order. */
const rewrittenIn = (sent: ReturnType<SolvingRig['sent']>) =>
  sent
    .filter((body) => body.special && body.messages.length > 1)
    .map((body) => /ANSWER-(\d+)/.exec(said(body) ?? '')?.[1]);

describe('mcts', () => {
  it('samples 3, rates each, rewrites and rates twice: 8 calls', async () => {
    const rig = await start(['0.2', 'Score: 0.9', '{"score": 0.4}', '0.3', '0.1']);
    const { text, body } = await rig.solve('QUESTION', fields);
    expect(text).toBe('ANSWER-2');
    expect(body.headrace).toMatchObject({ approach: 'mcts', calls: 8, scores: [0.2, 0.9, 0.4, 0.3, 0.1], chosen: 2 });
    expect(body.usage).toMatchObject({ prompt_tokens: 80, completion_tokens: 40, total_tokens: 120 });
    const sent = rig.sent();
    expect(sent).toHaveLength(8);
    expect(sent.map(({ temperature }) => temperature)).toEqual([1, 0.1, 0.1, 0.1, 0.7, 0.1, 0.7, 0.1]);
    expect(sent[0]).toMatchObject({ n: 3, messages: [{ role: 'user', content: 'QUESTION' }] });
    expect(sent.slice(1).some((call) => 'n' in call)).toBe(false);
    for (const call of sent) expect(call.messages[0].content).toBe('QUESTION');
    expect(mcts.maximumCalls(mcts.parameters.parse({}))).toBe(8);
  });

  it('gives the highest own score, not the most visited, and of equal ones the first', async () => {
    const rewritten = await start(['0.2', '0.6', '0.4', '0.8', '0.8']);
    const solved = await rewritten.solve('QUESTION', fields);
    expect(solved.text).toBe('ANSWER-4');
    expect(solved.body.headrace.chosen).toBe(4);
    const visited = await start(['0.5', '0.7', '0.5', '0.6', '0.1', '0.1', '0.1'], { simulations: 4 });
    expect((await visited.solve('QUESTION', fields)).text).toBe('ANSWER-2');
  });

  it.each([
    ['unreadable', 'very good'],
    ['out of range', '7'],
    ['cut off', { content: '0.9', finish_reason: 'length' }],
    ['failed', { status: 422 }],
  ])('counts a rating that is %s as a half', async (_, rating) => {
    const rig = await start(['0.4', rating, '0.4'], { simulations: 0 });
    const { text, body } = await rig.solve('QUESTION', fields);
    expect(text).toBe('ANSWER-2');
    expect(body.headrace).toMatchObject({ calls: 4, scores: [0.4, 0.5, 0.4] });
  });

  it('goes where UCT says', async () => {
    const ratings = ['0.1', '0.8', '0.2', '0.9', '0.9', '0.9', '0.9'];
    const greedy = await start(ratings, { simulations: 4, exploration: 0, width: 2, depth: 3 });
    await greedy.solve('QUESTION', fields);
    // 2 is the best; its first rewriting is 4 (width 2: once more from 2), then down from 4 and 5 by their means
    expect(rewrittenIn(greedy.sent())).toEqual(['2', '2', '4', '4']);
    const curious = await start(ratings, { simulations: 3, exploration: 100 });
    await curious.solve('QUESTION', fields);
    expect(rewrittenIn(curious.sent())).toEqual(['2', '3', '1']);
  });

  it('goes no deeper than the depth, and keeps to the width above it', async () => {
    const ratings = Array.from({ length: 12 }, (_, index) => String(0.5 + index / 100));
    const flat = await start(ratings, { branches: 1, simulations: 4, exploration: 0, width: 1, depth: 1 });
    await flat.solve('QUESTION', fields);
    expect(rewrittenIn(flat.sent())).toEqual(['1', '1', '1', '1']);
    const narrow = await start(ratings, { branches: 1, simulations: 4, exploration: 0, width: 1, depth: 3 });
    await narrow.solve('QUESTION', fields);
    expect(rewrittenIn(narrow.sent())).toEqual(['1', '2', '3', '3']);
  });

  it('leaves out a rewriting that fails, and ends at once where the key is refused', async () => {
    const rig = await start(['0.5', '0.5', '0.5', '0.9'], {}, [{ status: 422 }]);
    const { text, body } = await rig.solve('QUESTION', fields);
    expect(text).toBe('ANSWER-4');
    expect(body.headrace.calls).toBe(7);
    const refused = await start(['0.5', '0.5', '0.5', '0.9'], {}, [{ status: 401 }]);
    await expect(refused.solve('QUESTION', fields)).rejects.toMatchObject({ code: 'upstream_auth_failed' });
    expect(refused.sent()).toHaveLength(5);
  });

  it('gives a rewriting without the critique before it', async () => {
    const critique = { content: '<thinking>ANSWER-1 is bad</thinking>\nANSWER-4 is good' };
    const rig = await start(['0.5', '0.5', '0.5', '1'], { simulations: 1 }, [critique]);
    expect((await rig.solve('QUESTION', fields)).text).toBe('ANSWER-4 is good');
    expect(said(rig.sent()[5])).not.toContain('is bad');
  });

  it('sends the fields of the request with each answer call, its format too, and none to ratings', async () => {
    const rig = await start([], { simulations: 1, helper_max_tokens: 77 });
    const format = { type: 'json_object' };
    await rig.solve('QUESTION', {
      ...fields,
      temperature: 0.4,
      max_tokens: 50,
      stop: ['X'],
      seed: 4,
      user: 'me',
      response_format: format,
    });
    const sent = rig.sent();
    for (const body of sent.filter(({ special }) => special)) {
      expect(body).toMatchObject({
        temperature: 0.4,
        max_tokens: 50,
        stop: ['X'],
        seed: 4,
        user: 'me',
        response_format: format,
      });
    }
    for (const body of sent.filter(({ special }) => !special)) {
      expect(Object.keys(body).toSorted()).toEqual(['max_tokens', 'messages', 'model', 'temperature', 'user']);
    }
  });

  it('gives the best rated answer where the budget ends it', async () => {
    const rig = await start(['0.2', '0.3', '0.9'], {}, [], { maxCalls: 5 });
    const { text, headers } = await rig.solve('QUESTION', fields);
    expect(text).toBe('ANSWER-3');
    expect(headers).toMatchObject({ 'x-headrace-stopped': 'max_calls', 'x-headrace-calls': '5' });
  });

  it('streams the chosen answer alone', async () => {
    const rig = await start(['0.2', '0.9', '0.4', '0.3', '0.1']);
    const solved = await rig.solve('QUESTION', { ...fields, stream: true });
    expect(solved.text).toBe('ANSWER-2');
    expect(solved.body).not.toMatch(/ANSWER-[1345]/);
    expect(rig.sent().some(({ stream }) => stream)).toBe(false);
  });
});
