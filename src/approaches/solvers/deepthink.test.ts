import { expect, test } from 'vitest';
import { type SolvingOptions, startSolving } from '../../../test/harness/solving.ts';
import type { MockReply, ReplyFunction } from '../../mock/mock-reply.ts';
import { deepthink } from './deepthink.ts';

const usage = { prompt_tokens: 10, completion_tokens: 3 };

interface Script {
  readonly samples: readonly string[];
  readonly greedy?: MockReply;
  /** Of the three calls that make the structure. */
  readonly discovery?: readonly MockReply[];
}

/** Tells the calls apart by their temperatures. */
function script({ samples, greedy = { content: 'greedy' }, discovery = [] }: Script): ReplyFunction {
  let turn = 0;
  return ({ json }) => {
    if (json.temperature === 0.3) return { usage, content: `discovered ${turn + 1}`, ...discovery[turn++] };
    return json.temperature === 0 ? { usage, ...greedy } : { usage, content: samples };
  };
}

function start(options: Script, more: Partial<SolvingOptions> = {}) {
  return startSolving({ stages: [deepthink], plan: 'deepthink', script: script(options), ...more });
}

const agreeing = ['First.\nAnswer: 3', 'Second. The answer is 4.', 'Third: \\boxed{4.0}'];
const disagreeing = ['Answer: 3', 'Answer: 4', 'Answer: 5'];

test('makes a structure in three steps, then samples with it, and gives the first sample of the majority', async () => {
  const structure = { content: 'So:\n```json\n{"look": "at the sum", "answer": ""}\n```' };
  const rig = await start({ samples: agreeing, discovery: [{}, {}, structure] });
  const { text, body, finish } = await rig.solve('2+2?');
  expect(text).toBe(agreeing[1]);
  expect(body.headrace).toMatchObject({
    approach: 'deepthink',
    calls: 5,
    votes: [
      { answer: '4', count: 2 },
      { answer: '3', count: 1 },
    ],
    chosen: 2,
  });
  expect(body.usage).toMatchObject({ prompt_tokens: 50, completion_tokens: 15, total_tokens: 65 });
  expect(finish.usage).toMatchObject({ totalTokens: 65 });
  const sent = rig.sent();
  expect(sent.slice(0, 3).map(({ temperature }) => temperature)).toEqual([0.3, 0.3, 0.3]);
  expect(JSON.stringify(sent[1]?.messages)).toContain('discovered 1');
  expect(JSON.stringify(sent[2]?.messages)).toContain('discovered 2');
  const [sampled, greedy] = sent.slice(3).toSorted((one, other) => other.temperature - one.temperature);
  expect(sampled).toMatchObject({ n: 3, temperature: 0.7 });
  expect(greedy).toMatchObject({ temperature: 0 });
  expect(greedy).not.toHaveProperty('n');
  for (const call of [sampled, greedy]) {
    expect(JSON.stringify(call?.messages)).toContain('at the sum');
    expect(JSON.stringify(call?.messages)).not.toContain('```');
    expect(call?.messages.at(-1)).toEqual({ role: 'user', content: '2+2?' });
  }
});

test.each([
  ['too few agree', disagreeing, {}, null],
  ['no sample has an answer that stands out', ['one thing', 'one thing', 'one thing'], {}, null],
  ['the threshold is higher', agreeing, { threshold: 0.7 }, null],
  ['the threshold is lower', disagreeing, { threshold: 0.3 }, 1],
  ['just as many agree as must', [...disagreeing, 'Answer: 4', 'Answer: 4'], { samples: 5 }, 2],
])('where %s', async (_, samples, parameters, chosen) => {
  const rig = await start({ samples }, { parameters });
  const { text, body } = await rig.solve('2+2?');
  expect(text).toBe(chosen === null ? 'greedy' : samples[chosen - 1]);
  expect(body.headrace.chosen).toBe(chosen);
});

test('takes two calls more where the backend gives one choice only', async () => {
  const inner = script({ samples: [] });
  let given = 0;
  const single: ReplyFunction = (request, turn) => {
    if (request.json.temperature !== 0.7) return inner(request, turn);
    const message = { role: 'assistant', content: agreeing[given++] };
    return {
      json: { id: 'x', object: 'chat.completion', created: 1, model: 'm', choices: [{ index: 0, message }], usage },
    };
  };
  const rig = await start({ samples: [] }, { script: single });
  const { body } = await rig.solve('2+2?', { seed: 40 });
  expect(body.headrace).toMatchObject({ calls: 7, votes: [{ answer: '4', count: 2 }, { answer: '3' }] });
  expect(body.usage.prompt_tokens).toBe(70);
  const samples = rig.sent().filter(({ temperature }) => temperature === 0.7);
  const seen = samples.map(({ n, seed }) => ({ n, seed })).toSorted((one, other) => one.seed - other.seed);
  expect(seen).toEqual([{ n: 3, seed: 40 }, { seed: 41 }, { seed: 42 }]);
});

test('a structure that is no JSON is taken as it is', async () => {
  const rig = await start({ samples: agreeing });
  await rig.solve('2+2?');
  expect(JSON.stringify(rig.sent().at(-1)?.messages)).toContain('discovered 3');
});

test('a step that was cut off is asked for once more, and then it is an error', async () => {
  const cut: MockReply = { finish_reason: 'length' };
  const once = await start({ samples: agreeing, discovery: [{}, cut] });
  expect(await once.solve('2+2?')).toMatchObject({ text: agreeing[1], body: { headrace: { calls: 6 } } });
  expect(JSON.stringify(once.sent()[3]?.messages)).toContain('discovered 3');
  const twice = await start({ samples: agreeing, discovery: [{}, cut, cut] });
  await expect(twice.solve('2+2?')).rejects.toMatchObject({ code: 'upstream_error', status: 502 });
  expect(twice.sent()).toHaveLength(3);
});

test('a failed step ends it with its error', async () => {
  const rig = await start({ samples: agreeing, discovery: [{}, { status: 404 }] });
  await expect(rig.solve('2+2?')).rejects.toMatchObject({ status: 404 });
  expect(rig.sent()).toHaveLength(2);
});

test('a failed greedy call matters only where it is needed', async () => {
  const greedy: MockReply = { status: 500 };
  const agreed = await start({ samples: agreeing, greedy });
  expect(await agreed.solve('2+2?')).toMatchObject({ text: agreeing[1] });
  const unsure = await start({ samples: disagreeing, greedy });
  await expect(unsure.solve('2+2?')).rejects.toMatchObject({ code: 'upstream_error' });
});

test('failed samples leave the greedy answer; where all fails, the error is theirs', async () => {
  const failing = (greedy: MockReply): ReplyFunction => {
    const inner = script({ samples: [], greedy });
    return (request, turn) => (request.json.temperature === 0.7 ? { status: 404 } : inner(request, turn));
  };
  const answered = await start({ samples: [] }, { script: failing({ content: 'greedy' }) });
  expect(await answered.solve('2+2?')).toMatchObject({ text: 'greedy', body: { headrace: { votes: [], calls: 5 } } });
  const none = await start({ samples: [] }, { script: failing({ status: 500 }) });
  await expect(none.solve('2+2?')).rejects.toMatchObject({ status: 404 });
});

test('a refused key ends it at once', async () => {
  const rig = await start({ samples: agreeing, greedy: { status: 401 } });
  await expect(rig.solve('2+2?')).rejects.toMatchObject({ code: 'upstream_auth_failed' });
});

test('parameters and the fields of the request', async () => {
  const parameters = { self_discover: false, samples: 2, temperature: 0.2 };
  const rig = await startSolving({
    stages: [deepthink],
    plan: 'deepthink',
    parameters,
    script: () => ({ content: 'Answer: 1', usage }),
  });
  const fields = { temperature: 0.9, seed: 5, stop: ['END'], max_tokens: 70, user: 'me' };
  expect(await rig.solve('2+2?', fields)).toMatchObject({ text: 'Answer: 1', body: { headrace: { calls: 2 } } });
  for (const call of rig.sent()) {
    expect(call).toMatchObject({ ...fields, temperature: 0.2 });
  }
  expect(rig.sent().map(({ n }) => n)).toEqual(expect.arrayContaining([2, undefined]));
});

test('helper calls take the user and their own limit alone', async () => {
  const parameters = { helper_max_tokens: 300 };
  const rig = await start({ samples: agreeing }, { parameters });
  await rig.solve('2+2?', { temperature: 0.7, seed: 5, stop: ['END'], max_tokens: 70, user: 'me', top_p: 0.5 });
  for (const call of rig.sent().slice(0, 3)) {
    expect(call).toMatchObject({ temperature: 0.3, max_tokens: 300, user: 'me' });
    for (const field of ['seed', 'stop', 'top_p', 'n']) expect(call).not.toHaveProperty(field);
  }
});

test('a stream holds the chosen text alone', async () => {
  const rig = await start({ samples: agreeing });
  const { text, body, events } = await rig.solve('2+2?', { stream: true });
  expect(text).toBe(agreeing[1]);
  expect(body).not.toMatch(/discovered|greedy|First/);
  expect(body.endsWith('data: [DONE]\n\n')).toBe(true);
  expect(events.at(-1)).toMatchObject({ choices: [{ finish_reason: 'stop' }], headrace: { calls: 5, chosen: 2 } });
});

test('says beforehand how many calls it makes', () => {
  const parameters = { samples: 3, threshold: 0.6 };
  expect(deepthink.maximumCalls({ ...parameters, self_discover: true })).toBe(5);
  expect(deepthink.maximumCalls({ ...parameters, self_discover: false })).toBe(2);
});
