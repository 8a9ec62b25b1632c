import { describe, expect, it } from 'vitest';
import type { MockReply } from '../../fake-backend/fake-backend.ts';
import { failure } from '../custom-backends/rig.ts';
import { textOf } from '../routing/rig.ts';
import { always, type Json, startApproach } from './rig.ts';

const usage = { prompt_tokens: 10, completion_tokens: 1 };
/** Answers re2, which says the question twice, in another way than cot_reflection. */
const byWay =
  (re2: MockReply, cot: MockReply) =>
  ({ json }: { json: Json }): MockReply => ({
    usage,
    ...(json.messages.at(-1).content.split('Say hi').length === 3 ? re2 : cot),
  });
const ask = { messages: [{ role: 'user', content: 'Say hi' }] };
const both = { approach: 're2|cot_reflection' };
const texts = (answer: { text: string }) => JSON.parse(answer.text).choices.map(({ message }: Json) => message.content);

describe('branches', () => {
  it('give a choice each, in the order written, and one sum (B20)', async () => {
    const script = byWay({ content: 'one' }, { content: '<output>two</output>' });
    const forth = await startApproach(both, { backends: { u: script } });
    const answer = await forth.chat(ask);
    expect(texts(answer)).toEqual(['one', 'two']);
    const body = JSON.parse(answer.text);
    expect(body.choices.map(({ index }: Json) => index)).toEqual([0, 1]);
    expect(body.usage).toMatchObject({ prompt_tokens: 20, completion_tokens: 2, total_tokens: 22 });
    expect(body.headrace).toMatchObject({ approach: 're2|cot_reflection', calls: 2 });
    const back = await startApproach({ approach: 'cot_reflection|re2' }, { backends: { u: script } });
    expect(texts(await back.chat(ask))).toEqual(['two', 'one']);
    const stream = await forth.chat({ ...ask, stream: true });
    expect(stream.text).toMatch(/"index":0.*"one"[\s\S]*"index":1.*"two"/);
  });

  it('of which one fails leave its choice out', async () => {
    const { chat } = await startApproach(both, { backends: { u: byWay({ status: 500 }, { content: 'two' }) } });
    const answer = await chat(ask);
    expect([answer.status, texts(answer)]).toEqual([200, ['two']]);
  });

  it('that all fail have the first error', async () => {
    const { chat } = await startApproach(both, { backends: { u: byWay({ status: 404 }, { status: 500 }) } });
    const answer = await chat(ask);
    expect(answer.status).toBe(404);
    expect(answer.headers['x-should-retry']).toBe('false');
  });

  it('run once for each choice that is wanted', async () => {
    const script = byWay({ content: 'one' }, { content: 'two' });
    const { chat } = await startApproach(both, { backends: { u: script } });
    expect(texts(await chat({ ...ask, n: 2 }))).toEqual(['one', 'one', 'two', 'two']);
  });
});

describe('the name before a model', () => {
  it('may be a pipeline, and nothing else may be asked for beside it', async () => {
    const { chat } = await startApproach({}, { backends: { u: always('x') } });
    const answer = await chat({ ...ask, model: 'privacy&re2-u:m' });
    expect([answer.status, answer.headers['x-headrace-approach']]).toEqual([200, 'privacy&re2']);
    const refused = failure(await chat({ ...ask, model: 're2-u:m' }, { headers: { 'x-headrace-approach': 'bon' } }));
    expect([refused.status, refused.error.code]).toEqual([400, 'invalid_request']);
    expect(refused.error.message).toMatch(/re2.*bon/);
  });
});

describe('a request to a route', () => {
  const route = { approach: 'privacy&bon', parameters: { bon: { judge: 'judge:m', candidates: 4 } } };
  const start = (more: object = {}) =>
    startApproach({ ...route, ...more }, { backends: { u: always('x'), judge: always('5') } });

  it('changes of a stage’s parameters what it names, and no more', async () => {
    const { chat, calls, backend } = await start();
    const own = { name: 'privacy&bon', parameters: { bon: { candidates: 2 } } };
    expect((await chat({ ...ask, headrace_approach: own })).status).toBe(200);
    expect(calls()).toEqual({ u: 1, judge: 2 });
    expect(backend('u').posts()[0]?.json.n).toBe(2);
  });

  it.each([
    [{ max_calls: 3 }, { max_calls: 50 }, 3],
    [{ max_calls: 50 }, { max_calls: 3 }, 3],
    [{}, { max_calls: 2 }, 2],
  ])('with the budget %j can only tighten it: %j', async (budget, own, calls) => {
    const { chat } = await start({ budget });
    const answer = await chat({ ...ask, headrace_approach: { name: 'privacy&bon', budget: own } });
    expect([answer.status, answer.headers['x-headrace-stopped']]).toEqual([200, 'max_calls']);
    expect(answer.headers['x-headrace-calls']).toBe(String(calls));
  });

  it('gets an error for a spent budget where either of them says so', async () => {
    for (const [operators, own] of [
      ['error', 'best'],
      ['best', 'error'],
    ]) {
      const { chat } = await start({ budget: { max_calls: 3, when_spent: operators } });
      const answer = await chat({ ...ask, headrace_approach: { name: 'privacy&bon', budget: { when_spent: own } } });
      expect([answer.status, failure(answer).error.code]).toEqual([400, 'approach_budget_exceeded']);
    }
  });
});

it('a request for plain text is one for any approach', async () => {
  const { chat } = await startApproach(
    { approach: 'cot_reflection' },
    { backends: { u: always('<output>x</output>') } },
  );
  for (const response_format of [{ type: 'text' }, null]) {
    const answer = await chat({ ...ask, response_format });
    expect([answer.headers['x-headrace-approach'], textOf(answer)]).toEqual(['cot_reflection', 'x']);
  }
});
