import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startAdminGateway } from '../../test/harness/admin-client.ts';
import { startTestGateway } from '../../test/harness/test-gateway.ts';
import { readLimits } from '../config/limit-section.ts';
import type { LimitSettings } from '../config/limit-settings.ts';
import { MemoryGovernor } from '../limits/memory-governor.ts';
import { Secret } from '../secret.ts';
import { openSqliteStorage } from '../storage/sqlite-storage.ts';
import type { Storage } from '../storage/storage.ts';
import type { AccessConfig } from './access-config.ts';
import { KeyBook } from './key-book.ts';
import { createKeyId, createSecret } from './key-secret.ts';
import type { VirtualKey } from './virtual-key.ts';

const noConfig: AccessConfig = { keys: [], tiers: new Map(), teams: new Map(), tags: new Map() };

async function openState(): Promise<{ folder: string; storage: Storage }> {
  const folder = await mkdtemp(join(tmpdir(), 'headrace-keys-'));
  const storage = await openSqliteStorage(folder);
  onTestFinished(async () => {
    await storage.close();
    await rm(folder, { recursive: true, force: true });
  });
  return { folder, storage };
}

async function openBook(storage: Storage | undefined, config: AccessConfig = noConfig): Promise<KeyBook> {
  const book = await KeyBook.open(config, { storage, binder: new MemoryGovernor(), pollMs: 20 });
  onTestFinished(() => book.close());
  return book;
}

function newKey(changes: Partial<VirtualKey> = {}): { key: VirtualKey; secret: string } {
  const { secret, sha256, last4 } = createSecret();
  const secrets = [{ sha256, last4, createdAt: Date.now(), expiresAt: undefined }];
  const key: VirtualKey = {
    id: createKeyId(),
    name: 'alice',
    owner: undefined,
    team: undefined,
    tags: [],
    role: 'user',
    models: undefined,
    tier: undefined,
    limits: undefined,
    createdAt: Date.now(),
    expiresAt: undefined,
    disabledAt: undefined,
    version: 1,
    secrets,
    ...changes,
  };
  return { key, secret: secret.reveal() };
}

function who(book: KeyBook, secret: string): string {
  try {
    return book.identify(secret).name;
  } catch (error) {
    return (error as { code: string }).code;
  }
}

const limits = (fields: Parameters<typeof readLimits>[0]): LimitSettings => readLimits(fields);

describe('a key book', () => {
  it('follows what others change in the storage', async () => {
    const { folder, storage } = await openState();
    const other = await openSqliteStorage(folder);
    onTestFinished(() => other.close());
    const file = {
      ...noConfig,
      keys: [{ name: 'f', digest: new Secret('of-the-file').digest(), role: 'admin', models: undefined } as const],
    };
    const book = await openBook(storage, file);
    const { key, secret } = newKey();
    expect(who(book, secret)).toBe('invalid_api_key');
    await other.keys.create(key);
    await expect.poll(() => who(book, secret)).toBe('alice');
    await other.keys.change(key.id, 1, { name: 'bob' });
    await expect.poll(() => who(book, secret)).toBe('bob');
    await other.keys.delete(key.id);
    await expect.poll(() => who(book, secret)).toBe('invalid_api_key');
    expect(who(book, 'of-the-file')).toBe('f');
  });

  it('lets everybody in where there is no key, and nobody without one from the first key on', async () => {
    const { storage } = await openState();
    const book = await openBook(storage);
    expect(book.identify(undefined)).toMatchObject({ name: 'anonymous', role: 'admin' });
    const { key, secret } = newKey({ disabledAt: 5 });
    await storage.keys.create(key);
    await book.refresh();
    expect(() => book.identify(undefined)).toThrow('a key is needed');
    expect(() => book.identify(secret)).toThrow('disabled');
  });

  it('binds all levels that a key stands under, its own values before those of its tier', async () => {
    const { storage } = await openState();
    const config: AccessConfig = {
      ...noConfig,
      tiers: new Map([
        ['free', limits({ requests_per_minute: 5, max_concurrent: 2, when_spent: { downgrade_to: 'cheap' } })],
      ]),
      tags: new Map([['batch', { tier: undefined, limits: limits({ budget: { month: 20 } }) }]]),
    };
    const own = limits({ requests_per_minute: 7, budget: { day: 1.5 } });
    const { key, secret } = newKey({ team: 'red', tags: ['batch', 'free-tag'], tier: 'free', limits: own });
    await storage.keys.create(key);
    await storage.keys.putGroup(
      {
        kind: 'team',
        name: 'red',
        tier: undefined,
        limits: limits({ tokens_per_day: 1000 }),
        createdAt: 0,
        version: 0,
      },
      0,
    );
    const book = await openBook(storage, config);
    const caller = book.identify(secret);
    expect(caller.limits).toMatchObject({ needsTokens: true, needsCost: true, downgradeTo: 'cheap' });
    expect(caller.limits?.bound.limits.map(({ id, maximum }) => [id, maximum])).toEqual([
      [`key:${key.id}/requests/minute`, 7],
      [`key:${key.id}/concurrent`, 2],
      [`key:${key.id}/cost/day`, 1_500_000_000],
      ['team:red/tokens/day', 1000],
      ['tag:batch/cost/month', 20_000_000_000],
    ]);
    expect(caller).toMatchObject({ team: 'red', tags: ['batch', 'free-tag'] });
    expect(book.identify(secret)).toBe(caller);
  });

  it('keeps the callers of keys that did not change, and renews all that stand under what did', async () => {
    const { storage } = await openState();
    const one = newKey({ name: 'one', team: 'red' });
    const two = newKey({ name: 'two' });
    const group = { kind: 'team', name: 'red', tier: undefined, limits: undefined, createdAt: 0, version: 0 } as const;
    await storage.keys.putGroup(group, undefined);
    await storage.keys.create(one.key);
    await storage.keys.create(two.key);
    const book = await openBook(storage);
    const [first, second] = [book.identify(one.secret), book.identify(two.secret)];
    await storage.keys.putGroup({ ...group, limits: limits({ requests_per_day: 3 }) }, undefined);
    await book.refresh();
    expect(book.identify(two.secret)).toBe(second);
    expect(first.limits).toBeUndefined();
    expect(book.identify(one.secret).limits?.bound.limits.map(({ id }) => id)).toEqual(['team:red/requests/day']);
  });

  it('keeps what it knows when the storage is gone', async () => {
    const { storage } = await openState();
    const { key, secret } = newKey();
    await storage.keys.create(key);
    const told: boolean[] = [];
    const book = await KeyBook.open(noConfig, {
      storage,
      binder: new MemoryGovernor(),
      pollMs: 20,
      onReadable: (readable) => told.push(readable),
    });
    onTestFinished(() => book.close());
    await storage.close();
    await expect.poll(() => told).toEqual([false]);
    expect(who(book, secret)).toBe('alice');
  });
});

describe('a gateway whose storage cannot be reached when it starts', () => {
  const unreachable = 'storage: {url: "postgres://nobody@127.0.0.1:9/none"}\n';

  it('serves keys of the file, and answers 503 to those that it cannot know', async () => {
    const gateway = await startTestGateway({
      files: { 'headrace.yaml': unreachable },
      env: { HEADRACE_ADMIN_KEY: 'key-of-the-admin-0123' },
    });
    expect((await gateway.get('/admin/keys', { authorization: 'key-of-the-admin-0123' })).status).toBe(200);
    const unknown = await gateway.get('/v1/models', { authorization: createSecret().secret.reveal() });
    expect([unknown.status, unknown.headers.get('retry-after')]).toEqual([503, '1']);
    expect((await gateway.get('/v1/models')).status).toBe(401);
    const made = await gateway.post('/admin/keys', { name: 'a' }, { authorization: 'key-of-the-admin-0123' });
    expect([made.status, made.headers.get('retry-after')]).toEqual([503, '1']);
  });

  it('lets nobody in where it has no key of the file', async () => {
    const gateway = await startTestGateway({ files: { 'headrace.yaml': unreachable } });
    expect((await gateway.get('/admin/config', { authorization: 'anything' })).status).toBe(503);
    expect((await gateway.get('/admin/config')).status).toBe(401);
  });
});

it('every process of a storage knows a key within a second of its making, and of its end', async () => {
  const first = await startAdminGateway();
  const second = await startTestGateway({
    files: { 'headrace.yaml': `storage: {folder: ${join(first.gateway.folder, 'state')}}\n` },
    env: { HEADRACE_ADMIN_KEY: 'key-of-the-admin-0123' },
  });
  const { secret, id } = await first.create({ name: 'alice' });
  const status = async () => (await second.get('/v1/models', { authorization: secret })).status;
  await expect.poll(status, { timeout: 20_000, interval: 700 }).toBe(200);
  await first.ask('POST', `/admin/keys/${id}/disable`);
  await expect.poll(status, { timeout: 20_000, interval: 700 }).toBe(401);
});
