import { setTimeout as sleep } from 'node:timers/promises';
import { APIError } from 'openai';
import { describe, expect, it } from 'vitest';
import { collect } from '../../conformance/sdk-setup.ts';
import { until } from '../custom-backends/rig.ts';
import { type Governed, type Limit, shortChat, startGoverned } from './governed.ts';

const kinds = ['whole', 'stream', 'left', 'broken', 'failing', 'silent'] as const;
type Kind = (typeof kinds)[number];

/** The prompt and the answer by the gateway's own count, so that what is expected is what comes. */
const reported = { prompt_tokens: 8, completion_tokens: 8, total_tokens: 16 };
const content = 'one two three four five six seven eight';

/** What the backend does with a call, by the user that it names. */
function play(kind: unknown) {
  if (kind === 'failing') return { status: 400, delay_ms: 10, json: { error: { message: 'no' } } };
  if (kind === 'broken') return { content, chunk_delay_ms: 2, cut_after_chunks: 4 };
  if (kind === 'left') return { content, chunk_delay_ms: 20 };
  if (kind === 'silent') return { content, usage: null, delay_ms: 10 };
  return { content, usage: reported, delay_ms: 10 };
}

/** One client of the crowd: makes calls until something other than a place is refused; what refused it. */
async function callUntilRefused(governed: Governed, secret: string, kind: Kind, seen: Seen): Promise<void> {
  const client = governed.sdk(secret);
  for (;;) {
    try {
      const body = { ...shortChat, user: kind };
      if (kind === 'stream' || kind === 'left' || kind === 'broken') {
        const stream = await client.chat.completions.create({ ...body, stream: true });
        if (kind === 'left') for await (const _ of stream) break;
        else await collect(stream);
      } else await client.chat.completions.create(body);
      seen.passed++;
    } catch (error) {
      if (!(error instanceof APIError)) throw error;
      if (error.status !== 429) seen.passed++;
      else {
        seen.refused++;
        if (!error.message.includes('requests at a time of tag "batch"')) return void seen.last.push(error.message);
        await sleep(20);
      }
    }
  }
}

interface Seen {
  passed: number;
  refused: number;
  /** What ended each client, which is no place. */
  readonly last: string[];
}

describe('200 clients at once, under a key, a team and a tag', () => {
  it('pass no limit, and all that was reserved is settled or given back', { timeout: 120_000 }, async () => {
    let mostRunning = 0;
    const governed = await startGoverned((request) => {
      mostRunning = Math.max(mostRunning, governed.backend.running);
      return play(request.json.user);
    });
    const { ask, create, backend, limits, usage } = governed;
    await ask('PUT', '/admin/teams/red', { limits: { budget: { month: 3.6 }, requests_per_day: 1000 } });
    await ask('PUT', '/admin/tags/batch', { limits: { max_concurrent: 25, tokens_per_day: 3000 } });
    const keys = await Promise.all(
      ['a', 'b', 'c', 'd'].map((name) =>
        create({ name, team: 'red', tags: ['batch'], limits: { requests_per_minute: 90, tokens_per_minute: 1500 } }),
      ),
    );
    const seen: Seen = { passed: 0, refused: 0, last: [] };
    let isOver = false;
    const passes: string[] = [];
    const watch = async () => {
      for (; !isOver; await sleep(50)) {
        for (const [name, { used, limit }] of Object.entries(await limits())) if (used > limit) passes.push(name);
      }
    };
    const watching = watch();
    const clients = Array.from({ length: 200 }, (_, at) => {
      const { secret } = keys[at % 4] as { secret: string };
      return callUntilRefused(governed, secret, kinds[at % kinds.length] as Kind, seen);
    });
    await Promise.all(clients);
    isOver = true;
    await watching;
    expect(passes).toEqual([]);
    expect(mostRunning).toBeLessThanOrEqual(25);
    expect(backend.posts()).toHaveLength(seen.passed);
    const isFree = async () => (await limits())['tag:batch/concurrent']?.used === 0;
    await expect.poll(isFree).toBe(true);
    const left = await limits();
    const { calls, total_tokens, cost } = await usage(seen.passed + seen.refused);
    expect(calls).toBe(seen.passed + seen.refused);
    expect(left['team:red/requests/day']?.used).toBe(seen.passed);
    expect(sumOf(left, 'requests/minute')).toBe(seen.passed);
    expect(left['tag:batch/tokens/day']?.used).toBe(total_tokens);
    expect(sumOf(left, 'tokens/minute')).toBe(total_tokens);
    expect(left['team:red/cost/month']?.used).toBeCloseTo(cost, 9);
    expect(cost).toBeCloseTo(total_tokens / 1000, 9);
    // And what there was is used: nothing that was given back is lost.
    const tokens = left['tag:batch/tokens/day'] as Limit;
    const ofKeys = Object.values(left).filter(({ period }) => period === 'minute');
    expect(tokens.remaining < 60 || ofKeys.some(({ remaining }) => remaining < 60)).toBe(true);
    const words =
      /the (limit|budget) of .* of (key|team|tag) "\w+" has too little left: .* are left, .*; (try|it begins)/;
    expect(seen.last.filter((message) => !words.test(message))).toEqual([]);
    expect(seen.last).toHaveLength(200);
  });

  it('have exactly what fits, where each call takes what it reserves', { timeout: 60_000 }, async () => {
    const governed = await startGoverned(() => ({ usage: reported, delay_ms: 30 }));
    const { ask, create, backend, limits } = governed;
    await ask('PUT', '/admin/teams/red', { limits: { requests_per_day: 90 } });
    await ask('PUT', '/admin/tags/t', { limits: { requests_per_minute: 70 } });
    const tagged = await create({ name: 'tagged', team: 'red', tags: ['t'], limits: { requests_per_day: 1000 } });
    const plain = await create({ name: 'plain', team: 'red' });
    const statuses = await Promise.all(
      Array.from({ length: 200 }, async (_, at) => {
        const client = governed.sdk(at % 2 === 0 ? tagged.secret : plain.secret);
        const answer = client.chat.completions.create(shortChat).asResponse();
        return answer.then(
          ({ status }) => status,
          ({ status }) => status as number,
        );
      }),
    );
    const passed = statuses.filter((status) => status === 200).length;
    expect(passed).toBe(90);
    expect(statuses.filter((status) => status === 429)).toHaveLength(110);
    expect(backend.posts()).toHaveLength(90);
    const left = await limits();
    expect(left['team:red/requests/day']).toMatchObject({ used: 90, remaining: 0 });
    expect(left['tag:t/requests/minute']?.used).toBe(left['key:tagged/requests/day']?.used);
    expect(left['tag:t/requests/minute']?.used).toBeLessThanOrEqual(70);
  });
});

describe('approaches', () => {
  it('are one request each, and settle the sum of their calls, at once and when left', async () => {
    const governed = await startGoverned(() => ({ content: '7', usage: reported, delay_ms: 40 }), {
      routes: { best: { model: 'u:dear', approach: 'bon' } },
    });
    const { create, backend, limits, usage, gateway } = governed;
    const { secret } = await create({ name: 'alice', limits: { requests_per_day: 100, budget: { total: 40 } } });
    const client = governed.sdk(secret);
    const body = { ...shortChat, model: 'best' };
    await Promise.all([1, 2, 3].map(() => client.chat.completions.create(body)));
    const made = backend.posts().length;
    expect(made).toBeGreaterThan(3);
    expect((await usage(3)).total_tokens).toBe(made * reported.total_tokens);
    expect((await limits())['key:alice/cost/total']?.used).toBeCloseTo((made * reported.total_tokens) / 1000, 9);
    const leaving = new AbortController();
    const left = client.chat.completions.create(body, { signal: leaving.signal }).catch(() => undefined);
    await until(() => backend.posts().length > made, 'it began');
    leaving.abort();
    await left;
    await until(() => gateway.log().some(({ outcome }) => outcome === 'cancelled'), 'it is settled');
    const { total_tokens, cost } = await usage(4);
    const states = await limits();
    expect(states['key:alice/requests/day']?.used).toBe(4);
    expect(states['key:alice/cost/total']?.used).toBeCloseTo(cost, 9);
    expect(total_tokens).toBeGreaterThanOrEqual(made * reported.total_tokens);
    expect(total_tokens).toBeLessThanOrEqual(backend.posts().length * reported.total_tokens);
  });
});

function sumOf(states: Record<string, Limit>, resource: string): number {
  const named = Object.entries(states).filter(([name]) => name.endsWith(`/${resource}`));
  return named.reduce((sum, [, { used }]) => sum + used, 0);
}
