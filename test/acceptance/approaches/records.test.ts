import { describe, expect, it } from 'vitest';
import { failure } from '../custom-backends/rig.ts';
import { textOf } from '../routing/rig.ts';
import { always, type Json, rated, startApproach } from './rig.ts';

const usage = { prompt_tokens: 20, completion_tokens: 3 };
const prices = 'max_retries: 0\nmodels: {m: {prices: {input: 2, output: 10}}}\n';
const bon = { approach: 'bon', parameters: { judge: 'judge:m' } };
const streaming = { stream: true, stream_options: { include_usage: true } };

/** A client that leaves once something has happened. */
function leaving() {
  const controller = new AbortController();
  return { signal: controller.signal, leave: () => controller.abort() };
}

describe('one request', () => {
  it.each([false, true])('has one log line with its calls, their cost and scores, streamed: %s', async (stream) => {
    const { chat, requests } = await startApproach(bon, {
      backends: {
        u: rated(['secret alpha', 'secret beta', 'secret gamma'], [], { usage }),
        judge: ({ json }) => ({ content: JSON.stringify(json).includes('beta') ? 'Score: 9' : 'hm', usage }),
      },
      yaml: { u: 'models: {m: {prices: {input: 2, output: 10}}}\n' },
    });
    expect(textOf(await chat(stream ? streaming : {}))).toBe('secret beta');
    const [line] = await requests(1);
    expect(line).toMatchObject({ asked: 'r', backend: 'u', model: 'm', outcome: 'complete', attempts: 4 });
    expect(line).toMatchObject({ prompt_tokens: 80, completion_tokens: 12 });
    const [own, judge] = line.approach.models;
    expect(line.approach).toMatchObject({ name: 'bon', calls: 4, facts: { scores: [null, 9, null], chosen: 2 } });
    expect(own).toMatchObject({ backend: 'u', model: 'm', calls: 1, prompt_tokens: 20, cost: 70e-6 });
    expect(judge).toMatchObject({ backend: 'judge', model: 'm', calls: 3, prompt_tokens: 60, completion_tokens: 9 });
    expect(judge).not.toHaveProperty('cost');
    expect(JSON.stringify(line)).not.toContain('secret');
  });

  it('counts its tokens for the models that took them', async () => {
    const { chat, requests, gateway } = await startApproach(bon, {
      backends: { u: rated(['a', 'b', 'c'], [], { usage }), judge: () => ({ content: '5', usage }) },
    });
    await chat();
    await requests(1);
    const page = await (await gateway.get('/metrics')).text();
    const tokens = page.split('\n').filter((one) => /^headrace_tokens_total.*kind="prompt"/.test(one));
    expect(tokens.map((one) => [/backend="(\w+)"/.exec(one)?.[1], one.split(' ').at(-1)]).toSorted()).toEqual([
      ['judge', '60'],
      ['u', '20'],
    ]);
  });

  it('keeps its sum apart from others at the same time (B17)', async () => {
    const script = ({ json }: { json: Json }) => {
      const tokens = Number(/tokens (\d+)/.exec(JSON.stringify(json.messages))?.[1]);
      return {
        content: ['5', '5', '5'].slice(0, json.n ?? 1),
        usage: { prompt_tokens: tokens, completion_tokens: 1 },
        delay_ms: tokens,
      };
    };
    const { chat } = await startApproach({ approach: 'bon' }, { backends: { u: script } });
    const answers = await Promise.all(
      [10, 20, 30].map((tokens) => chat({ messages: [{ role: 'user', content: `tokens ${tokens}` }] })),
    );
    expect(answers.map(({ headers, text }) => [headers['x-headrace-calls'], JSON.parse(text).usage])).toMatchObject(
      [10, 20, 30].map((tokens) => ['4', { prompt_tokens: 4 * tokens, completion_tokens: 4 }]),
    );
    for (const { text } of answers) expect(JSON.parse(text).headrace).toMatchObject({ approach: 'bon', calls: 4 });
  });

  it('tells what was spent until it failed', async () => {
    const { chat, requests } = await startApproach(
      { approach: 'bon', parameters: { judge: 'judge:m' } },
      { backends: { u: rated(['a', 'b'], [], { usage }), judge: [{ status: 401 }] }, yaml: { all: prices } },
    );
    const answer = await chat();
    expect([answer.status, failure(answer).error.code]).toEqual([502, 'upstream_auth_failed']);
    const [line] = await requests(1);
    expect(line).toMatchObject({ outcome: 'failed', code: 'upstream_auth_failed', prompt_tokens: 20 });
    expect(line.approach).toMatchObject({ calls: 4, models: [{ backend: 'u', calls: 1, cost: 70e-6 }] });
  });

  it.each([false, true])('tells what was spent until its client left, streamed: %s', async (stream) => {
    const { chat, requests, backend } = await startApproach(
      { approach: 'bon', parameters: { judge: 'judge:m' } },
      {
        backends: { u: rated(['a', 'b'], [], { usage }), judge: [{ hang: true }] },
        settings: { approaches: { keep_alive: 0.05 } },
      },
    );
    const { signal, leave } = leaving();
    const answer = chat(stream ? streaming : {}, { signal }).catch(() => undefined);
    while (backend('judge').posts().length < 3) await new Promise((resolve) => setTimeout(resolve, 10));
    await new Promise((resolve) => setTimeout(resolve, stream ? 150 : 0));
    leave();
    await answer;
    const [line] = await requests(1);
    expect(line).toMatchObject({ status: 499, outcome: 'cancelled', prompt_tokens: 20, completion_tokens: 3 });
    expect(line.approach).toMatchObject({ calls: 4, models: [{ backend: 'u', calls: 1 }] });
  });

  it('tells what was spent until its client left in the midst of the answer', async () => {
    const words = 'one two three four five six seven eight';
    const { chat, requests } = await startApproach(
      { approach: 'moa', parameters: { aggregator: 'last:m', critique: false } },
      {
        backends: {
          u: rated(['a', 'b', 'c'], [], { usage }),
          last: [{ content: words, hang_after_chunks: 5 }],
        },
      },
    );
    const { signal, leave } = leaving();
    const answer = chat({ stream: true }, { signal });
    setTimeout(leave, 300);
    expect((await answer).complete).toBe(false);
    const [line] = await requests(1);
    expect(line).toMatchObject({ status: 499, outcome: 'cancelled' });
    const [, last] = line.approach.models;
    expect(last).toMatchObject({ backend: 'last', calls: 1 });
    expect(last.completion_tokens).toBeGreaterThan(0);
    expect(line.prompt_tokens).toBe(20 + last.prompt_tokens);
  });
});

describe('a plain call', () => {
  it('has none of that', async () => {
    const { chat, requests } = await startApproach({}, { backends: { u: always('x') } });
    await chat();
    expect((await requests(1))[0]).not.toHaveProperty('approach');
  });
});
