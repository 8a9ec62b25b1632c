import { expect, test } from 'vitest';
import { heats, startMars, textOf, three } from '../../../test/harness/mars-script.ts';

test('the verified ones vote, the earliest of the most frequent answer is given', async () => {
  const rig = await startMars({ answers: three, verdict: () => 'CORRECT' }, { aggregate_loops: 0 });
  const { text, body } = await rig.solve('Q');
  expect(text).toBe('beta Answer: 2');
  expect(body.headrace).toMatchObject({
    calls: 9,
    verified: [true, true, true],
    votes: [
      { answer: '2', count: 2 },
      { answer: '1', count: 1 },
    ],
    chosen: 2,
  });
  const drafts = rig.sent().slice(0, 3);
  expect(drafts.map(({ temperature }) => temperature).toSorted()).toEqual(heats);
});

test('a verified one goes before unverified ones that agree', async () => {
  const verdict = (material: string) => (material.includes('alpha Answer') ? 'CORRECT' : 'INCORRECT');
  const rig = await startMars({ answers: three, verdict }, { aggregate_loops: 0, iterations: 0 });
  expect(await rig.solve('Q')).toMatchObject({ text: 'alpha Answer: 1', body: { headrace: { chosen: 1 } } });
});

test('none verified: the first with an extracted answer that another shares', async () => {
  const rig = await startMars({ answers: three, verdict: () => 'INCORRECT' }, { aggregate_loops: 0, iterations: 0 });
  const { text, body } = await rig.solve('Q');
  expect(text).toBe('beta Answer: 2');
  expect(body.headrace).toMatchObject({ calls: 6, chosen: 2, verified: [false, false, false] });
});

test('equal texts without an extracted answer share none', async () => {
  const answers = [['same'], ['same'], ['same']];
  const rig = await startMars({ answers, verdict: () => 'INCORRECT' }, { aggregate_loops: 0, iterations: 0 });
  expect(await rig.solve('Q')).toMatchObject({ text: 'synthesis' });
});

test('each is verified by the agent after its author, and rewritten by its author', async () => {
  const agents = [{ model: 'u:a' }, { model: 'u:b', reasoning_effort: 'high' }, { temperature: 1 }];
  const verdict = (material: string) => (material.includes('better') ? 'CORRECT' : 'INCORRECT');
  const answers = [
    ['alpha', 'alpha better'],
    ['beta', 'beta better'],
    ['gamma', 'gamma better'],
  ];
  const rig = await startMars({ answers, verdict }, { agents, aggregate_loops: 0 });
  expect(await rig.solve('Q')).toMatchObject({ body: { headrace: { calls: 15, rewrites: [1, 1, 1] } } });
  const byModel = (word: string, temperature: number) =>
    rig.sent().filter((call) => textOf(call).includes(word) && call.temperature === temperature);
  const checks = (word: string) => byModel(word, 0.1).map(({ model }) => model);
  expect(checks('alpha')).toEqual(['b', 'b', 'b']);
  expect(checks('beta')).toEqual(['m', 'm', 'm']);
  expect(checks('gamma')).toEqual(['a', 'a', 'a']);
  expect(byModel('alpha', 0.3).map(({ model }) => model)).toEqual(['a']);
  expect(byModel('beta', 0.6)).toMatchObject([{ model: 'b', reasoning_effort: 'high' }]);
  expect(byModel('gamma', 1)).toMatchObject([{ model: 'm' }]);
  expect(byModel('alpha', 0.1)[0]).toMatchObject({ reasoning_effort: 'high' });
  expect(byModel('beta', 0.1)[0]).not.toHaveProperty('reasoning_effort');
});

test('are replaced by new ones, each made by one agent from some of the old ones', async () => {
  const answers = [
    ['alpha', 'delta Answer: 7'],
    ['beta', 'epsilon'],
    ['gamma', 'zeta'],
  ];
  const rig = await startMars({ answers, verdict: () => 'CORRECT' }, { group: 2 });
  const { text, body } = await rig.solve('Q');
  expect(text).toBe('delta Answer: 7');
  expect(body.headrace.calls).toBe(12);
  const aggregations = rig.sent().slice(3, 6);
  const shown = aggregations
    .toSorted((one, other) => one.temperature - other.temperature)
    .map((call) => {
      const material = call.messages.at(-1).content;
      return ['alpha', 'beta', 'gamma'].filter((old) => material.includes(old));
    });
  expect(shown).toEqual([
    ['alpha', 'beta'],
    ['beta', 'gamma'],
    ['alpha', 'gamma'],
  ]);
  for (const call of rig.sent().slice(6)) expect(textOf(call)).not.toMatch(/alpha|beta|gamma/);
});

test('failed ones are left out, and keep the others with their authors', async () => {
  const agents = [{}, { model: 'u:b' }, { model: 'u:c' }];
  const answers = [[{ status: 500 }], ['beta'], ['gamma Answer: 3']];
  const rig = await startMars({ answers, verdict: () => 'CORRECT' }, { agents, aggregate_loops: 0 });
  const { text, body } = await rig.solve('Q');
  expect(text).toBe('beta');
  expect(body.headrace).toMatchObject({ calls: 7, verified: [true, true], chosen: 1 });
  const checks = rig.sent().filter(({ temperature }) => temperature === 0.1);
  expect(checks.filter((call) => textOf(call).includes('beta')).map(({ model }) => model)).toEqual(['c', 'c']);
});

test('where all fail, the error is that of the first', async () => {
  const answers = [[{ status: 404 }], [{ status: 500 }], [{ status: 500 }]];
  const rig = await startMars({ answers, verdict: () => 'CORRECT' });
  await expect(rig.solve('Q')).rejects.toMatchObject({ status: 404 });
  expect(rig.sent()).toHaveLength(3);
});

test('a refused key ends all', async () => {
  const answers = [['alpha'], ['beta'], [{ status: 403 }]];
  const rig = await startMars({ answers, verdict: () => 'CORRECT' });
  await expect(rig.solve('Q')).rejects.toMatchObject({ code: 'upstream_auth_failed' });
  expect(rig.sent()).toHaveLength(3);
});
