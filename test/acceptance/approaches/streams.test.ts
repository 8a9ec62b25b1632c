import { describe, expect, it } from 'vitest';
import { failure } from '../custom-backends/rig.ts';
import { textOf } from '../routing/rig.ts';
import { eventsIn, rated, startApproach } from './rig.ts';

const words = 'one two three four five six seven eight';
const moa = (budget: object = {}, parameters: object = {}) => ({
  approach: 'moa',
  parameters: { aggregator: 'last:m', critique: false, ...parameters },
  budget,
});

function start(last: object, route: object = moa(), keepAlive = 10) {
  const backends = { u: rated(['alpha', 'beta', 'gamma'], []), last: [last] };
  return startApproach(route, { backends, settings: { approaches: { keep_alive: keepAlive } } });
}

describe('progress', () => {
  const comments = (text: string) => text.split('\n').filter((line) => line.startsWith(': progress'));

  it('is told in comments before the answer, where the client wants to see it', async () => {
    const { chat } = await start({ content: words });
    const answer = await chat({ stream: true }, { headers: { 'x-headrace-progress': 'true' } });
    expect(comments(answer.text)).toEqual([': progress 1/2 candidates', ': progress 2/2 answer']);
    expect(answer.text.lastIndexOf(': progress')).toBeLessThan(answer.text.indexOf('data:'));
    expect(textOf(answer)).toBe(words);
  });

  it('comes while the approach is at work', async () => {
    const slowly = { delay_ms: 400 };
    const { chat } = await startApproach(moa(), {
      backends: {
        u: () => ({ content: ['alpha', 'beta', 'gamma'], ...slowly }),
        last: [{ content: words, ...slowly }],
      },
      settings: { approaches: { keep_alive: 0.05 } },
    });
    const { pieces } = await chat({ stream: true }, { headers: { 'x-headrace-progress': 'true' } });
    const at = (part: string) => pieces.find(({ bytes }) => bytes.includes(part))?.at ?? Number.NaN;
    expect(at(': progress 2/2') - at(': progress 1/2')).toBeGreaterThan(100);
    expect(at('data:') - at(': progress 2/2')).toBeGreaterThan(100);
  });

  it.each([{}, { 'x-headrace-progress': 'false' }])('is not told otherwise: %j', async (headers) => {
    const { chat } = await start({ content: words });
    expect(comments((await chat({ stream: true }, { headers })).text)).toEqual([]);
  });
});

describe('a deadline in the midst of the last call', () => {
  const slow = { content: words, chunk_delay_ms: 60, hang_after_chunks: 5 };
  const streaming = { stream: true, stream_options: { include_usage: true } };

  it('ends the text where it is, and says so', async () => {
    const { chat, requests, backend } = await start(slow, moa({ deadline: 1 }));
    const answer = await chat(streaming);
    const text = textOf(answer);
    expect(words.startsWith(text) && text.length > 0 && text.length < words.length).toBe(true);
    const [end, usage] = eventsIn(answer.text).slice(-2);
    expect(end).toMatchObject({ choices: [{ finish_reason: 'length' }], headrace: { stopped: 'deadline', calls: 2 } });
    expect(usage).toMatchObject({ choices: [], usage: { completion_tokens: expect.any(Number) } });
    expect(answer.text.endsWith('data: [DONE]\n\n')).toBe(true);
    const [line] = await requests(1);
    expect(line).toMatchObject({ outcome: 'complete', approach: { stopped: 'deadline' } });
    expect(backend('last').posts()).toHaveLength(1);
  });

  it('is an error where that is wanted', async () => {
    const { chat, requests } = await start(slow, moa({ deadline: 1, when_spent: 'error' }));
    const { status, text } = await chat(streaming);
    expect(status).toBe(200);
    expect(eventsIn(text).at(-1)).toMatchObject({ error: { code: 'upstream_timeout' } });
    expect(text).not.toContain('[DONE]');
    expect((await requests(1))[0]).toMatchObject({ outcome: 'broken', code: 'upstream_timeout' });
  });

  it('gives the best candidate where there is no text yet', async () => {
    const thinking = {
      choices: [{ index: 0, delta: { role: 'assistant', reasoning_content: 'Hm' }, finish_reason: null }],
    };
    const { chat } = await start(
      { events: Array.from({ length: 5 }, () => thinking), hang_after_chunks: 2 },
      moa({ deadline: 1 }),
    );
    const answer = await chat({ stream: true });
    expect(textOf(answer)).toBe('alpha');
    expect(answer.text).toContain('"stopped":"deadline"');
    expect(answer.text.endsWith('data: [DONE]\n\n')).toBe(true);
  });

  it('is nothing to an answer that is whole by then', async () => {
    const { chat } = await start({ content: words }, moa({ deadline: 1 }));
    const answer = await chat({ stream: true });
    expect(textOf(answer)).toBe(words);
    expect(answer.text).not.toContain('stopped');
  });
});

describe('a budget', () => {
  const usage = { prompt_tokens: 500_000, completion_tokens: 0 };
  const yaml = { all: 'max_retries: 0\nmodels: {m: {prices: {input: 1, output: 1}}}\n' };

  it('that only the last call uses up has stopped nothing', async () => {
    const route = { approach: 'bon', parameters: { candidates: 2 }, budget: { max_cost: 1.5 } };
    const { chat } = await startApproach(route, {
      backends: { u: rated(['alpha', 'beta'], ['3', '7'], { usage }) },
      yaml,
    });
    const answer = await chat();
    expect([answer.status, JSON.parse(answer.text).headrace.calls]).toEqual([200, 3]);
    expect(answer.headers).not.toHaveProperty('x-headrace-stopped');
  });

  it('that is used up before gives the best there is, and says so', async () => {
    const route = { approach: 'moa', budget: { max_cost: 0.9 } };
    const { chat } = await startApproach(route, {
      backends: { u: rated(['alpha', 'beta', 'gamma'], ['x'], { usage }) },
      yaml,
    });
    const answer = await chat();
    expect([answer.status, textOf(answer)]).toEqual([200, 'alpha']);
    expect(answer.headers['x-headrace-stopped']).toBe('max_cost');
    const [status, code] = await chat({ headrace_approach: { name: 'moa', budget: { when_spent: 'error' } } }).then(
      (one) => [one.status, failure(one).error.code],
    );
    expect([status, code]).toEqual([400, 'approach_budget_exceeded']);
  });
});
