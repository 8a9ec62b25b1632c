import { describe, expect, test } from 'vitest';
import { startSolving } from '../../../test/harness/solving.ts';
import { maximumCallsOf, parsePlan } from '../plan.ts';
import { PlanError } from '../plan-error.ts';
import type { Stage } from '../stage.ts';
import { memory } from '../wrappers/memory.ts';
import { privacy } from '../wrappers/privacy.ts';
import { bon } from './bon.ts';
import { cepo } from './cepo.ts';
import { cotReflection } from './cot-reflection.ts';
import { moa } from './moa.ts';
import { re2 } from './re2.ts';
import { createRouter } from './router.ts';
import { selfConsistency } from './self-consistency.ts';

const closed = { ...re2, name: 'closed', missing: () => 'it is closed; set approaches.closed' };
const all = [bon, cepo, cotReflection, memory, moa, privacy, re2, selfConsistency, closed] as unknown as Stage[];
const known: ReadonlyMap<string, Stage> = new Map(
  [...all, createRouter(() => known) as unknown as Stage].map((one) => [one.name, one]),
);
const stages = [...known.values()];
const usage = { prompt_tokens: 4, completion_tokens: 1 };

type Script = Parameters<typeof startSolving>[0]['script'];

function start(parameters: object, script: Script = () => ({ content: 'Fine.', usage }), yaml?: string) {
  return startSolving({
    stages,
    plan: 'router',
    parameters: { ...parameters },
    script,
    ...(yaml !== undefined && { yaml }),
  });
}

function fault(parameters: object): PlanError {
  try {
    parsePlan('router', { ...parameters }, known);
  } catch (error) {
    if (error instanceof PlanError) return error;
    throw error;
  }
  throw new Error('nothing is wrong with it');
}

const routed = (by: string, approach: string) => ({ routed: { by, approach } });
const code = '```\nx = 1\n```';

describe('rules', () => {
  const rules = [
    { when: { matches: 'prove|theorem' }, approach: 're2' },
    { when: { has_code: true }, approach: 'bon', parameters: { candidates: 2 } },
    { when: { has_url: true, max_tokens: 5 }, approach: 'self_consistency', parameters: { samples: 2 } },
    { when: { min_tokens: 6, max_tokens: 8 }, approach: 'cot_reflection' },
    { when: { matches: 'theorem' }, approach: 'moa' },
  ];

  test.each([
    ['Prove it.', 'rule 1', 're2'],
    [`The theorem in ${code}`, 'rule 1', 're2'],
    [`What is ${code}`, 'rule 2', 'bon'],
    ['See https://example.org/ now', 'rule 3', 'self_consistency'],
    ['See https://example.org/ now or never, if you can, or tomorrow', 'default', 'none'],
    ['One two three four five six', 'rule 4', 'cot_reflection'],
    ['One two three four five', 'default', 'none'],
    ['One two three four five six seven eight nine', 'default', 'none'],
  ])('%s: %s', async (question, by, approach) => {
    const rig = await start({ rules });
    const { body } = await rig.solve(question);
    expect(body.headrace).toMatchObject({ approach: 'router', ...routed(by, approach) });
  });

  test('all conditions of a rule must hold, and `false` is one', async () => {
    const rig = await start({
      rules: [{ when: { has_code: false, has_url: false, matches: 'now' }, approach: 're2' }],
    });
    const by = async (question: string) => (await rig.solve(question)).body.headrace.routed.by;
    expect(await by('Do it now.')).toBe('rule 1');
    expect(await by(`Do it now: ${code}`)).toBe('default');
    expect(await by('Do it now: https://example.org/')).toBe('default');
    expect(await by('Do it.')).toBe('default');
  });

  test('a pattern is looked for at the beginning and at the end of a long question', async () => {
    const rig = await start({ rules: [{ when: { matches: 'needle' }, approach: 're2' }] });
    const hay = 'hay '.repeat(2000);
    const by = async (question: string) => (await rig.solve(question)).body.headrace.routed.by;
    expect(await by(`needle ${hay}`)).toBe('rule 1');
    expect(await by(`${hay} NEEDLE`)).toBe('rule 1');
    expect(await by(`${hay} needle ${hay}`)).toBe('default');
  });

  test('the chosen one runs with its own parameters, and its metadata stands beside', async () => {
    const chosen = { approach: 'bon', parameters: { candidates: 2, temperature: 1.5, helper_max_tokens: 7 } };
    const rig = await start({ rules: [{ when: { matches: '.' }, ...chosen }] }, ({ json }) =>
      json.n === 2
        ? { content: ['one', 'two'], usage }
        : { content: JSON.stringify(json).includes('one') ? '1' : '5', usage },
    );
    const { body } = await rig.solve('Hello');
    const [sampled, ...ratings] = rig.sent();
    expect(sampled).toMatchObject({ n: 2, temperature: 1.5 });
    for (const one of ratings) expect(one).toMatchObject({ max_tokens: 7 });
    expect(body.headrace).toMatchObject({ calls: 3, ...routed('rule 1', 'bon') });
    expect(body.headrace.scores).toBeDefined();
    expect(body.usage.total_tokens).toBe(15);
  });

  test('several choices of one request each run what was chosen', async () => {
    const rig = await start({ rules: [{ when: { matches: 'x' }, approach: 're2' }] });
    const { body } = await rig.solve('x', { n: 2 });
    expect(body.choices).toHaveLength(2);
    expect(body.headrace.choices).toMatchObject([routed('rule 1', 're2'), routed('rule 1', 're2')]);
  });
});

describe('what is chosen', () => {
  test('a plain call by default, with the request as it was sent', async () => {
    const rig = await start({});
    const { body } = await rig.solve('Hello', { temperature: 0.3, stop: 'x' });
    expect(rig.sent()).toEqual([
      { model: 'm', messages: [{ role: 'user', content: 'Hello' }], temperature: 0.3, stop: 'x' },
    ]);
    expect(body.headrace).toMatchObject({ calls: 1, ...routed('default', 'none') });
  });

  test('a pipeline, with parameters by its stages', async () => {
    const chosen = { approach: 'privacy&self_consistency', parameters: { self_consistency: { samples: 3 } } };
    const rig = await start({ rules: [{ when: { matches: '@' }, ...chosen }] }, ({ json }) => ({
      content: Array.from({ length: json.n as number }, () => 'The answer is <EMAIL_1>.'),
      usage,
    }));
    const { text } = await rig.solve('Who is a@example.org?');
    expect(JSON.stringify(rig.sent())).not.toContain('a@example.org');
    expect(rig.sent()).toMatchObject([{ n: 3 }]);
    expect(text).toBe('The answer is a@example.org.');
  });

  test('what it streams is passed on as it comes', async () => {
    const rig = await start({ default: 're2' });
    const { text, events } = await rig.solve('Hello', { stream: true });
    expect(rig.sent()).toMatchObject([{ stream: true }]);
    expect(text).toBe('Fine.');
    expect(events.at(-1)).toMatchObject({ headrace: routed('default', 're2') });
  });

  test('what is filtered in a stream stays filtered', async () => {
    const rig = await start({ default: 'cot_reflection' }, () => ({
      content: '<thinking>hidden</thinking><output>shown</output>',
      usage,
    }));
    const { text } = await rig.solve('Hello', { stream: true });
    expect(text).toBe('shown');
  });

  test('what it chooses among candidates is sent in a stream too', async () => {
    const rig = await start({ default: 'self_consistency' }, ({ json }) => ({
      content: Array.from({ length: json.n as number }, () => 'The answer is 4.'),
      usage,
    }));
    const { text } = await rig.solve('Hello', { stream: true });
    expect(text).toBe('The answer is 4.');
  });

  test('an output form of its own gives way to `response_format`, and its wrappers stay', async () => {
    const rig = await start({ default: 'privacy&cot_reflection' }, () => ({ content: '{"of": "<EMAIL_1>"}', usage }));
    const { text, body } = await rig.solve('Of a@example.org', { response_format: { type: 'json_object' } });
    expect(rig.sent()).toHaveLength(1);
    expect(rig.sent()[0]).toMatchObject({ response_format: { type: 'json_object' } });
    expect(JSON.stringify(rig.sent())).not.toContain('a@example.org');
    expect(JSON.parse(text)).toEqual({ of: 'a@example.org' });
    expect(body.headrace).toMatchObject({ skipped: 'response_format' });
  });

  test('the best so far is given when the budget is spent', async () => {
    const rig = await startSolving({
      stages,
      plan: 'router',
      parameters: { default: 'bon' },
      script: ({ json }) => ({ content: json.n === undefined ? '5' : ['one', 'two', 'three'], usage }),
      budget: { maxCalls: 2 },
    });
    const { text, headers } = await rig.solve('Hello');
    expect(headers['x-headrace-stopped']).toBe('max_calls');
    expect(text).toBe('one');
  });
});

describe('the classifier', () => {
  const approaches = ['re2', 'bon', 'privacy&re2'];
  const isClassifying = (json: Record<string, unknown>) => json.temperature === 0.1 && json.model === 'small';
  const answering =
    (reply: object): Script =>
    ({ json }) =>
      isClassifying(json) ? { usage, ...reply } : { content: 'Fine.', usage };

  test.each([
    ['re2', 'classifier', 're2'],
    ['**RE2**.', 'classifier', 're2'],
    ['{"approach": "re2"}', 'classifier', 're2'],
    ['<think>bon or re2?</think>I choose re2 here.', 'classifier', 're2'],
    ['privacy&re2', 'classifier', 'privacy&re2'],
    ['re2 or bon', 'default', 'none'],
    ['cepo', 'default', 'none'],
    ['re2x', 'default', 'none'],
    ['Let me think about it.', 'default', 'none'],
  ])('%s: %s %s', async (content, by, approach) => {
    const rig = await start({ classifier: 'u:small', approaches }, answering({ content }));
    const { body } = await rig.solve('Hello', { user: 'u1', stop: 'x' });
    const [asked] = rig.sent();
    expect(asked).toMatchObject({ model: 'small', temperature: 0.1, user: 'u1' });
    expect(asked).not.toHaveProperty('stop');
    expect(body.headrace).toMatchObject({ calls: 2, ...routed(by, approach) });
    expect(body.headrace.usage_by_model).toHaveProperty('u:small');
  });

  test('is shown what it may choose, and no more', async () => {
    const rig = await start({ classifier: 'u:small', approaches }, answering({ content: 're2' }));
    await rig.solve('Hello');
    const shown = rig.sent()[0]?.messages.at(-1).content as string;
    for (const name of approaches) expect(shown).toContain(`- ${name}`);
    expect(shown).not.toContain('- cepo');
  });

  test('by default it may choose every solver that needs nothing to be set up, but no wrapper and no router', async () => {
    const rig = await start({ classifier: 'u:small' }, answering({ content: 'moa' }));
    const { body } = await rig.solve('Hello');
    const shown = rig.sent()[0]?.messages.at(-1).content as string;
    for (const name of ['none', 'bon', 'cepo', 'moa', 're2']) expect(shown).toContain(`- ${name}`);
    for (const name of ['closed', 'privacy', 'memory', 'router']) expect(shown).not.toContain(`- ${name}`);
    expect(body.headrace.routed).toEqual({ approach: 'moa', by: 'classifier' });
  });

  test('is not asked where a rule fits', async () => {
    const rules = [{ when: { matches: 'hello' }, approach: 're2' }];
    const rig = await start({ classifier: 'u:small', approaches, rules }, answering({ content: 'bon' }));
    const { body } = await rig.solve('Hello');
    expect(body.headrace).toMatchObject({ calls: 1, ...routed('rule 1', 're2') });
  });

  test('a reply that is cut off names nothing', async () => {
    const rig = await start(
      { classifier: 'u:small', approaches },
      answering({ content: 're2', finish_reason: 'length' }),
    );
    expect((await rig.solve('Hello')).body.headrace).toMatchObject(routed('default', 'none'));
  });

  test('its failure is the answer', async () => {
    const rig = await start({ classifier: 'u:small', approaches }, answering({ status: 404 }));
    await expect(rig.solve('Hello')).rejects.toMatchObject({ status: 404 });
  });
});

describe('parameters', () => {
  test.each([
    [{ rules: [{ when: { matches: 'x' }, approach: 'moaa' }] }, ['rules', 0, 'approach'], /"moaa"/],
    [{ rules: [{ when: { matches: 'x' }, approach: 'router' }] }, ['rules', 0, 'approach'], /router/],
    [{ rules: [{ when: { matches: 'x' }, approach: 'bon|moa' }] }, ['rules', 0, 'approach'], /several answers/],
    [
      { rules: [{ when: { matches: 'x' }, approach: 'bon', parameters: { candidate: 2 } }] },
      ['rules', 0, 'parameters', 'candidate'],
      /did you mean candidates/,
    ],
    [
      { rules: [{ when: { matches: 'x' }, approach: 'privacy&bon', parameters: { bon: { candidates: 0 } } }] },
      ['rules', 0, 'parameters', 'bon', 'candidates'],
      /candidates/,
    ],
    [{ rules: [{ when: { matches: '(a+)+b' }, approach: 'bon' }] }, ['rules', 0, 'when', 'matches'], /exponential/],
    [{ rules: [{ when: { matches: '.*a.*b' }, approach: 'bon' }] }, ['rules', 0, 'when', 'matches'], /exponential/],
    [{ rules: [{ when: { matches: '(' }, approach: 'bon' }] }, ['rules', 0, 'when', 'matches'], /regular expression/],
    [{ rules: [{ when: {}, approach: 'bon' }] }, ['rules', 0, 'when'], /default/],
    [
      { rules: [{ when: { min_tokens: 5, max_tokens: 4 }, approach: 'bon' }] },
      ['rules', 0, 'when', 'min_tokens'],
      /never/,
    ],
    [{ rules: [{ when: { has_urls: true }, approach: 'bon' }] }, ['rules', 0, 'when', 'has_urls'], /has_urls/],
    [{ default: 'moaa' }, ['default'], /"moaa"/],
    [{ classifier: 'm', approaches: ['re2', 'moaa'] }, ['approaches', 1], /"moaa"/],
    [{ approaches: ['re2'] }, ['approaches'], /classifier/],
    [{ rule: [] }, ['rule'], /did you mean rules/],
  ])('%j is a fault', (parameters, path, message) => {
    const { path: found, message: said } = fault(parameters);
    expect(found).toEqual(path);
    expect(said).toMatch(message);
  });

  test.each([
    [{}, 1],
    [{ rules: [{ when: { has_code: true }, approach: 'bon', parameters: { candidates: 9 } }] }, 10],
    [{ rules: [{ when: { has_code: true }, approach: 'none' }], default: 'bon' }, 4],
    [{ classifier: 'm', approaches: ['re2', 'moa'] }, 4],
    [{ classifier: 'm', approaches: ['re2'], rules: [{ when: { has_code: true }, approach: 'moa' }] }, 3],
    [{ rules: [{ when: { min_tokens: 9 }, approach: 'memory' }] }, Number.POSITIVE_INFINITY],
  ])('%j takes at most %i calls', (parameters, calls) => {
    expect(maximumCallsOf(parsePlan('router', { ...parameters }, known), 1)).toBe(calls);
  });

  test('what is not set up for one that may be chosen is not set up for it', () => {
    const router = known.get('router') as Stage;
    const missing = (parameters: object) => {
      const [branch] = parsePlan('router', { ...parameters }, known).branches;
      return router.missing?.({} as never, branch?.solver?.parameters as never);
    };
    expect(missing({ default: 'closed' })).toContain('approaches.closed');
    expect(missing({ default: 're2', classifier: 'm' })).toBeUndefined();
  });
});
