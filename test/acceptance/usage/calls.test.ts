import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { until } from '../custom-backends/rig.ts';
import { reported } from '../limits/callers.ts';
import { startUsageRig } from './rig.ts';

describe('a row of the ledger', () => {
  it('says who asked, what was asked and served, what it took and cost', async () => {
    const { call, calls, gateway } = await startUsageRig(() => ({
      usage: { ...reported, prompt_tokens_details: { cached_tokens: 10 } },
    }));
    const answer = await call();
    const [row] = await calls(1);
    expect(row).toMatchObject({
      ...{ object: 'call', key: 'alice', owner: 'ann', team: 'red', tags: ['a', 'b'], protocol: 'chat-completions' },
      ...{ asked: 'u:dear', backend: 'u', model: 'dear', stream: false, status: 200, outcome: 'complete', code: null },
      ...{ prompt_tokens: 30, completion_tokens: 10, total_tokens: 40, cached_tokens: 10, reasoning_tokens: null },
      ...{ attempts: 1, usage_source: 'reported', cost: 0.04, approach: null, calls: null },
    });
    expect(row.request_id).toBe(answer.headers.get('x-request-id'));
    expect(row.cost).toBe(Number(answer.headers.get('x-headrace-cost')));
    expect(Math.abs(Date.parse(row.at) - Date.now())).toBeLessThan(60_000);
    expect(gateway.log().find(({ msg }) => msg === 'request')).toMatchObject({ cost: 0.04 });
  });

  it('is there for every call, however it ended', async () => {
    const words = 'alpha beta gamma delta epsilon zeta eta theta';
    const { call, calls, backend, gateway } = await startUsageRig([
      { usage: reported },
      { usage: reported },
      { status: 400, json: { error: { message: 'no' } } },
      { status: 500 },
      { content: words, cut_after_chunks: 4 },
      { hang: true },
    ]);
    await call();
    await call({ stream: true });
    await call();
    await call();
    await call({ stream: true }).catch(() => undefined);
    await call({ model: 'no-such' });
    await call({ model: 'u:dear', messages: 'wrong' });
    const leaving = connect(Number(new URL(gateway.url).port), '127.0.0.1');
    leaving.write('POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n');
    leaving.destroy(); // never a call, so never a row
    const before = backend.posts().length;
    const controller = new AbortController();
    const left = fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: 'Bearer key-of-the-admin-0123', 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'u:dear', messages: [{ role: 'user', content: 'hi' }] }),
      signal: controller.signal,
    }).catch(() => undefined);
    await until(() => backend.posts().length === before + 1, 'it came');
    controller.abort();
    await left;
    const rows = await calls(8);
    const told = rows.map(({ outcome, status, stream, usage_source: source }) => [outcome, status, stream, source]);
    expect(told.slice(0, 5)).toEqual([
      ['complete', 200, false, 'reported'],
      ['complete', 200, true, 'reported'],
      ['failed', 400, false, 'none'],
      ['failed', 502, false, 'none'],
      ['broken', 200, true, 'counted'],
    ]);
    expect(told[5]).toEqual(['refused', 404, false, 'none']);
    expect(told.at(-1)?.slice(0, 2)).toEqual(['cancelled', 499]);
    expect(rows.map(({ cost }) => cost).slice(0, 4)).toEqual([0.04, 0.04, 0, 0]);
    expect(rows[4].total_tokens).toBeGreaterThan(2);
    expect(rows[4].cost).toBeCloseTo(rows[4].total_tokens / 1000, 6);
    expect(rows[7].key).toBe('admin');
    expect(new Set(rows.map(({ id }) => id)).size).toBe(8);
  });

  it('holds the calls of an approach, and their sum', async () => {
    const { call, calls, backend } = await startUsageRig(
      () => ({ content: '7', usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 } }),
      { routes: { best: { model: 'u:dear', approach: 'bon', parameters: { candidates: 3 } } } },
    );
    expect((await call({ model: 'best' })).status).toBe(200);
    const made = backend.posts().length;
    const [row] = await calls(1);
    expect(made).toBeGreaterThan(2);
    expect(row).toMatchObject({ asked: 'best', approach: 'bon', cost: (made * 15) / 1000, total_tokens: made * 15 });
    expect(row.calls).toMatchObject([
      { backend: 'u', model: 'dear', calls: made, total_tokens: made * 15, cost: (made * 15) / 1000 },
    ]);
  });

  it('knows no cost where no price is known, which is not 0', async () => {
    const { call, calls, ask } = await startUsageRig(() => ({ usage: reported }));
    await call({ model: 'u:unpriced' });
    await call({ model: 'u:free' });
    await call({ model: 'u:dear' });
    const rows = await calls(3);
    expect(rows.map(({ cost }) => cost)).toEqual([null, 0, 0.04]);
    const { body } = await ask('GET', '/admin/usage?group_by=model');
    expect(body.data).toMatchObject([
      { model: 'dear', cost: 0.04, unpriced: 0 },
      { model: 'free', cost: 0, unpriced: 0 },
      { model: 'unpriced', cost: null, unpriced: 1 },
    ]);
    const all = await ask('GET', '/admin/usage');
    expect(all.body.data).toMatchObject([{ calls: 3, cost: 0.04, unpriced: 1, total_tokens: 120 }]);
    const csv = (await ask('GET', '/admin/usage/calls?format=csv')).text.trimEnd().split('\r\n');
    const at = csv[0]?.split(',').indexOf('cost') ?? -1;
    // Names before it hold commas, within quotes; what comes behind has none.
    const fromEnd = at - (csv[0]?.split(',').length ?? 0);
    expect(csv.slice(1).map((line) => line.split(',').at(fromEnd))).toEqual(['0.04', '0', '']);
    const metrics = (await ask('GET', '/metrics')).text;
    expect(metrics).toContain('headrace_unpriced_calls_total{key="alice"} 1');
    expect(metrics).toMatch(/headrace_cost_dollars_total\{key="alice"\} 0\.04/);
    expect(metrics).toContain('headrace_usage_rows_total{outcome="written"} 3');
    expect(metrics).toContain('headrace_usage_rows_total{outcome="lost"} 0');
  });

  it('goes with what it took of limits, which their page shows', async () => {
    const limits = { requests_per_day: 5, budget: { month: 1 } };
    const { call, calls, ask } = await startUsageRig(() => ({ usage: reported }), {}, { limits });
    await call();
    await call();
    await calls(2);
    const { body } = await ask('GET', '/admin/limits?kind=key&name=alice');
    expect(body.data).toMatchObject([
      {
        level: { kind: 'key', name: 'alice' },
        resource: 'cost',
        period: 'month',
        unit: 'dollars',
        limit: 1,
        used: 0.08,
        remaining: 0.92,
      },
      { resource: 'requests', period: 'day', unit: 'requests', limit: 5, used: 2, remaining: 3, scope: 'shared' },
    ]);
    expect(Date.parse(body.data[1].resets_at) - Date.now()).toBeLessThanOrEqual(86_400_000);
  });
});
