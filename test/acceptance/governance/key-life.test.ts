import type OpenAI from 'openai';
import type { APIError } from 'openai';
import { describe, expect, it } from 'vitest';
import { collect, failureOf } from '../../conformance/sdk-setup.ts';
import { adminSecret } from '../../harness/admin-client.ts';
import { type RunningCommand, runCommand } from '../../harness/command-line.ts';
import type { TestGateway } from '../../harness/test-gateway.ts';
import { until } from '../custom-backends/rig.ts';
import { reported } from '../limits/callers.ts';
import { shortChat, startGoverned } from './governed.ts';

/** Makes calls one after the other until it is told to stop; when each began, and the status that it got. */
class Worker {
  readonly calls: { readonly begunAt: number; readonly status: number }[] = [];
  readonly done: Promise<void>;
  #isOver = false;

  /** @param client gives the client of the next call */
  constructor(client: () => OpenAI) {
    this.done = this.#work(client);
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.done;
  }

  async #work(client: () => OpenAI): Promise<void> {
    while (!this.#isOver) {
      const begunAt = performance.now();
      const status = await client()
        .chat.completions.create(shortChat)
        .then(
          () => 200,
          (error: APIError) => error.status ?? 0,
        );
      this.calls.push({ begunAt, status });
    }
  }
}

/** `headrace keys` on the storage of a gateway that runs. */
function keysCommand({ folder }: TestGateway, args: readonly string[]): RunningCommand {
  const env = { HEADRACE_ADMIN_KEY: adminSecret };
  return runCommand(['keys', ...args, '--config-dir', folder], { cwd: folder, env });
}

describe('under load', () => {
  it('a key is rotated with an overlap without one failed call, and the old secret ends when it was said', async () => {
    const { create, ask, sdk, tryKey } = await startGoverned(() => ({ usage: reported, delay_ms: 5 }));
    const { id, secret } = await create({ name: 'alice', limits: { requests_per_minute: 1_000_000 } });
    let newest = secret;
    const workers = Array.from({ length: 20 }, () => new Worker(() => sdk(newest)));
    const made = () => workers.reduce((sum, { calls }) => sum + calls.length, 0);
    for (let turn = 1; turn <= 3; turn++) {
      await until(() => made() > 50 * turn, 'more calls are made');
      newest = (await ask('POST', `/admin/keys/${id}/rotate`, { overlap_seconds: 60 })).body.secret;
    }
    await until(() => made() > 200, 'calls are made with the last one');
    expect(await tryKey(secret)).toBe('200');
    await Promise.all(workers.map((worker) => worker.stop()));
    const statuses = workers.flatMap(({ calls }) => calls.map(({ status }) => status));
    expect(new Set(statuses)).toEqual(new Set([200]));
    const last = (await ask('POST', `/admin/keys/${id}/rotate`, { overlap_seconds: 0.5 })).body.secret;
    for (const old of [secret, newest]) {
      await expect.poll(() => tryKey(old), { timeout: 10_000 }).toBe('401 invalid_api_key');
    }
    expect(await tryKey(last)).toBe('200');
  });

  it('a disabled key makes no call that begins after the answer; a stream that runs goes on to its end', async () => {
    const { create, ask, sdk } = await startGoverned((request) => ({
      usage: reported,
      ...(request.json.stream === true ? { content: 'one two three four five', chunk_delay_ms: 60 } : { delay_ms: 5 }),
    }));
    const { id, secret } = await create({ name: 'alice', limits: { max_concurrent: 50 } });
    const other = await create({ name: 'bob' });
    const stream = await sdk(secret).chat.completions.create({ ...shortChat, stream: true });
    const workers = Array.from({ length: 20 }, (_, at) => new Worker(() => sdk(at < 10 ? secret : other.secret)));
    const [own, others] = [workers.slice(0, 10), workers.slice(10)];
    await until(() => own.some(({ calls }) => calls.length > 0), 'the key works');
    await ask('POST', `/admin/keys/${id}/disable`);
    const at = performance.now();
    const late = (some: Worker[]) => some.flatMap(({ calls }) => calls.filter(({ begunAt }) => begunAt > at));
    const text = (await collect(stream)).map(({ choices }) => choices[0]?.delta.content ?? '').join('');
    await until(() => late(own).length > 10 && late(others).length > 10, 'calls are made');
    await Promise.all(workers.map((worker) => worker.stop()));
    expect(text).toBe('one two three four five');
    const refused = late(own).map(({ status }) => status);
    expect(refused.filter((status) => status !== 401 && status !== 429)).toEqual([]); // 429: the guard against wrong keys
    expect(new Set(late(others).map(({ status }) => status))).toEqual(new Set([200]));
  });

  it('limits that are lowered hold for the next call, and what runs is let be', async () => {
    const gate = Promise.withResolvers<void>();
    const { create, ask, sdk, limits, backend } = await startGoverned(async () => {
      await gate.promise;
      return { usage: reported, delay_ms: 300 };
    });
    const { id, secret } = await create({ name: 'alice', limits: { max_concurrent: 10 } });
    const running = Array.from({ length: 10 }, () => sdk(secret).chat.completions.create(shortChat));
    await backend.waitForPost(10);
    await ask('PATCH', `/admin/keys/${id}`, { limits: { max_concurrent: 3 } });
    expect((await limits())['key:alice/concurrent']).toMatchObject({ limit: 3, used: 10, remaining: 0 });
    expect(await failureOf(sdk(secret).chat.completions.create(shortChat))).toMatchObject({ status: 429 });
    gate.resolve();
    expect(await Promise.all(running)).toHaveLength(10);
    await expect.poll(async () => (await limits())['key:alice/concurrent']?.used).toBe(0);
    const three = Array.from({ length: 4 }, () => sdk(secret).chat.completions.create(shortChat));
    const statuses = (await Promise.allSettled(three)).map(({ status }) => status).toSorted();
    expect(statuses).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected']);
  });
});

it('who goes on with a disabled key is told why ten times, then slowed down; right keys never are', async () => {
  const { create, ask, sdk, tryKey } = await startGoverned(() => ({ usage: reported }));
  const { id, secret } = await create({ name: 'alice' });
  const other = await create({ name: 'bob' });
  await ask('POST', `/admin/keys/${id}/disable`);
  for (let turn = 0; turn < 10; turn++) {
    const refused = await failureOf(sdk(secret).chat.completions.create(shortChat));
    expect(refused).toMatchObject({ status: 401, message: expect.stringContaining('disabled') });
  }
  const slowed = (await failureOf(sdk(secret).chat.completions.create(shortChat))) as APIError;
  expect(slowed.status).toBe(429);
  expect(Number(slowed.headers?.get('retry-after'))).toBeGreaterThan(0);
  expect(await tryKey(other.secret)).toBe('200');
  await ask('POST', `/admin/keys/${id}/enable`);
  expect(await tryKey(secret)).toBe('200');
});

describe('a team', () => {
  it('that is deleted refuses its keys with what is wrong, charges nothing, and keeps what they had used', async () => {
    const { create, ask, sdk, backend, limits } = await startGoverned(() => ({ usage: reported }));
    const team = { limits: { requests_per_day: 5 } };
    await ask('PUT', '/admin/teams/red', team);
    const { secret } = await create({ name: 'alice', team: 'red', limits: { requests_per_day: 50 } });
    await sdk(secret).chat.completions.create(shortChat);
    expect((await ask('DELETE', '/admin/teams/red')).status).toBe(409);
    expect((await ask('DELETE', '/admin/teams/red?force=true')).status).toBe(204);
    const refused = await failureOf(sdk(secret).chat.completions.create(shortChat));
    expect(refused).toMatchObject({ status: 403, code: 'permission_denied' });
    expect((refused as APIError).message).toContain('red');
    expect(backend.posts()).toHaveLength(1);
    await ask('PUT', '/admin/teams/red', team);
    await sdk(secret).chat.completions.create(shortChat);
    const states = await limits();
    expect(states['team:red/requests/day']).toMatchObject({ used: 2, remaining: 3 });
    expect(states['key:alice/requests/day']).toMatchObject({ used: 2 });
  });
});

describe('at once', () => {
  it('one name is given to one key, also by the command line', async () => {
    const { ask, gateway } = await startGoverned(() => ({}));
    const commands = [1, 2].map(() => keysCommand(gateway, ['create', 'alice']).exit);
    const made = await Promise.all(Array.from({ length: 20 }, () => ask('POST', '/admin/keys', { name: 'alice' })));
    const exits = await Promise.all(commands);
    const winners = made.filter(({ status }) => status === 201).length + exits.filter(({ code }) => code === 0).length;
    expect(winners).toBe(1);
    expect(made.filter(({ status }) => status !== 201 && status !== 409)).toEqual([]);
    expect((await ask('GET', '/admin/keys?name=alice')).body.data).toHaveLength(1);
  });

  it('changes, rotations and the end of one key leave it whole, and no secret opens a deleted one', async () => {
    const { create, ask, tryKey } = await startGoverned(() => ({}));
    const { id, secret } = await create({ name: 'alice' });
    const path = `/admin/keys/${id}`;
    const changes = Array.from({ length: 6 }, (_, at) => [
      ask('PATCH', path, { owner: `o${at}` }),
      ask('PATCH', path, { limits: { budget: { day: at + 1 } } }),
      ask('POST', `${path}/rotate`, { overlap_seconds: 60 }),
    ]).flat();
    const answers = await Promise.all(changes);
    const codes = answers.map(({ status }) => status);
    expect(codes.filter((status) => status !== 200 && status !== 409)).toEqual([]);
    const { body } = await ask('GET', path);
    expect(body.version).toBe(1 + codes.filter((status) => status === 200).length);
    const secrets = answers.flatMap(({ body: { secret: one } }) => (one === undefined ? [] : [one as string]));
    expect(secrets.length).toBeGreaterThan(0);
    for (const one of [secret, ...secrets]) expect(await tryKey(one)).toBe('200');
    const ends = await Promise.all([ask('DELETE', path), ask('DELETE', path), ask('PATCH', path, { owner: 'late' })]);
    expect(ends.map(({ status }) => status).filter((status) => status === 204)).toHaveLength(1);
    for (const one of [secret, ...secrets]) expect(await tryKey(one)).toBe('401 invalid_api_key');
  });

  it('of two who replace a team with the version that both have read, one is told', async () => {
    const { ask } = await startGoverned(() => ({}));
    const { version } = (await ask('PUT', '/admin/teams/red', { limits: { requests_per_day: 1 } })).body;
    const both = await Promise.all(
      [2, 3].map((day) => ask('PUT', '/admin/teams/red', { limits: { requests_per_day: day }, version })),
    );
    expect(both.map(({ status }) => status).toSorted()).toEqual([200, 409]);
    const won = both.find(({ status }) => status === 200);
    expect((await ask('GET', '/admin/teams/red')).body.limits).toEqual(won?.body.limits);
  });
});

it('a key of the command line has its limits in a running gateway within a second', async () => {
  const { gateway, sdk, backend, limits } = await startGoverned(() => ({ usage: reported }));
  const made = keysCommand(gateway, ['create', 'alice', '--limits', '{"requests_per_minute": 2}']);
  expect(await made.exit).toMatchObject({ code: 0 });
  const secret = made.stdout().trim();
  await expect.poll(async () => (await limits())['key:alice/requests/minute']?.limit, { timeout: 5000 }).toBe(2);
  const answers = Array.from({ length: 4 }, () => sdk(secret).chat.completions.create(shortChat));
  const statuses = (await Promise.allSettled(answers)).map(({ status }) => status).toSorted();
  expect(statuses).toEqual(['fulfilled', 'fulfilled', 'rejected', 'rejected']);
  expect(backend.posts()).toHaveLength(2);
});
