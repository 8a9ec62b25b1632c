import { expect } from 'vitest';
import type { StoredStrategy } from './storage.ts';
import { StorageError } from './storage-error.ts';
import { keyNamed, oddTexts, secretOf } from './test-samples.ts';
import type { StorageTests } from './test-suite.ts';

const limits = {
  requestsPerMinute: 10,
  tokensPerMinute: undefined,
  requestsPerDay: undefined,
  tokensPerDay: 5000,
  maxConcurrent: 2,
  budget: { day: 1_500_000_000, week: undefined, month: undefined, total: 0 },
  whenSpent: { downgradeTo: 'small' },
};

async function refusal(work: Promise<unknown>): Promise<StorageError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(StorageError);
  return error as StorageError;
}

export const keyTests: StorageTests = {
  'a key comes back as it was stored, in every process that asks, with a revision that grows': async (store) => {
    const place = await store.fresh();
    const storage = await place.open();
    expect(await storage.keys.snapshot()).toEqual({ revision: 0, keys: [], groups: [] });
    const full = keyNamed('full', {
      owner: 'ann',
      team: 'red',
      tags: ['a', 'b'],
      role: 'admin',
      models: ['m', 'a:b'],
      tier: 'free',
      limits,
      expiresAt: 1_900_000_000_000,
      disabledAt: 1_800_000_000_000,
    });
    await storage.keys.create(full);
    await storage.keys.create(keyNamed('bare'));
    const other = await place.open();
    expect(await other.keys.snapshot()).toEqual({ revision: 2, keys: [keyNamed('bare'), full], groups: [] });
    expect(await other.revision()).toBe(2);
  },

  'a change touches what it names; undefined clears it': async (store) => {
    const storage = await (await store.fresh()).open();
    const key = keyNamed('k', { owner: 'ann', team: 'red', tags: ['a'], models: ['m'], tier: 'free', limits });
    await storage.keys.create(key);
    expect(await storage.keys.change(key.id, 1, { team: 'blue' })).toEqual({ ...key, team: 'blue', version: 2 });
    const values = { name: 'n', owner: 'o', team: 't', tags: ['x'], role: 'admin', models: [], tier: 'pro' } as const;
    const more = { limits: { ...limits, maxConcurrent: 9 }, expiresAt: 5, disabledAt: 6 };
    let present = await storage.keys.change(key.id, undefined, { team: 'red' });
    for (const [field, value] of Object.entries({ ...values, ...more })) {
      const changed = await storage.keys.change(key.id, present.version, { [field]: value });
      expect(changed).toEqual({ ...present, [field]: value, version: present.version + 1 });
      present = changed;
    }
    for (const field of ['owner', 'team', 'models', 'tier', 'limits', 'expiresAt', 'disabledAt'] as const) {
      present = await storage.keys.change(key.id, present.version, { [field]: undefined });
      expect(present[field], field).toBeUndefined();
    }
    expect((await storage.keys.snapshot()).keys).toEqual([present]);
  },

  'names and ids are taken once, and a refused change leaves no trace': async (store) => {
    const storage = await (await store.fresh()).open();
    await storage.keys.create(keyNamed('one'));
    await storage.keys.create(keyNamed('two'));
    const before = await storage.keys.snapshot();
    expect(await refusal(storage.keys.create(keyNamed('one', { id: 'key_x' })))).toMatchObject({ code: 'taken' });
    expect(await refusal(storage.keys.change('key_two', 1, { name: 'one', team: 'x' }))).toMatchObject({
      code: 'taken',
    });
    expect(await refusal(storage.keys.change('key_two', 7, { team: 'x' }))).toMatchObject({
      code: 'conflict',
      version: 1,
    });
    expect(await refusal(storage.keys.change('none', 1, {}))).toMatchObject({ code: 'missing' });
    expect(await refusal(storage.keys.delete('key_two', 7))).toMatchObject({ code: 'conflict', version: 1 });
    // The second secret is there already: the key that would have been made before it is not kept either.
    const half = keyNamed('half', { secrets: [secretOf('new'), secretOf('one')] });
    expect(await refusal(storage.keys.create(half))).toMatchObject({ code: 'refused' });
    expect(await storage.keys.delete('none')).toBe(false);
    expect(await storage.keys.snapshot()).toEqual(before);
    expect(storage.health.ok).toBe(true);
  },

  'of changes of one key at once, made for the same version, one holds and all others are told': async (store) => {
    const place = await store.fresh();
    const storages = await Promise.all([place.open(), place.open(), place.open()]);
    await storages[0]?.keys.create(keyNamed('k'));
    const changes = storages.flatMap((storage) =>
      [0, 1, 2, 3].map((number) => storage.keys.change('key_k', 1, { team: `${number}` })),
    );
    const results = await Promise.allSettled(changes);
    const failures = results.filter((result) => result.status === 'rejected').map(({ reason }) => reason);
    expect(failures).toHaveLength(11);
    for (const failure of failures) expect(failure).toMatchObject({ code: 'conflict', version: 2 });
    // Without a version all of them hold, one after another.
    const all = storages.flatMap((storage) =>
      [0, 1, 2].map(() => storage.keys.change('key_k', undefined, { team: 'x' })),
    );
    expect((await Promise.all(all)).map(({ version }) => version).sort((a, b) => a - b)).toEqual([
      ...[3, 4, 5, 6, 7, 8, 9, 10, 11],
    ]);
  },

  'a rotated key has its old secrets until they end, and forgets those that have': async (store) => {
    const storage = await (await store.fresh()).open();
    await storage.keys.create(keyNamed('k'));
    const later = Date.now() + 60_000;
    const second = secretOf('second', { createdAt: Date.now() });
    const rotated = await storage.keys.rotate('key_k', 1, second, later);
    expect(rotated.version).toBe(2);
    expect(rotated.secrets).toEqual([secretOf('k', { expiresAt: later }), second]);
    // At once: neither of the old ones opens anything any more.
    const third = secretOf('third', { createdAt: Date.now() });
    const now = await storage.keys.rotate('key_k', 2, third, Date.now());
    expect(now.secrets).toEqual([third]);
    expect((await storage.keys.snapshot()).keys[0]?.secrets).toEqual([third]);
    expect(await refusal(storage.keys.rotate('key_k', 2, secretOf('4'), 0))).toMatchObject({
      code: 'conflict',
      version: 3,
    });
  },

  'teams and tags are made, replaced and deleted by version': async (store) => {
    const storage = await (await store.fresh()).open();
    const group = { kind: 'team', name: 'red', tier: 'free', limits, createdAt: 0, version: 0 } as const;
    const made = await storage.keys.putGroup(group, 0);
    expect(made).toMatchObject({ kind: 'team', name: 'red', tier: 'free', limits, version: 1 });
    expect(await refusal(storage.keys.putGroup(group, 0))).toMatchObject({ code: 'conflict', version: 1 });
    await storage.keys.putGroup({ ...group, kind: 'tag' }, undefined);
    const changed = await storage.keys.putGroup({ ...group, limits: undefined, tier: undefined }, 1);
    expect(changed).toEqual({ ...made, limits: undefined, tier: undefined, version: 2 });
    expect((await storage.keys.snapshot()).groups).toHaveLength(2);
    expect(await refusal(storage.keys.deleteGroup('team', 'red', 1))).toMatchObject({ code: 'conflict', version: 2 });
    expect(await storage.keys.deleteGroup('team', 'red')).toBe(true);
    expect(await storage.keys.deleteGroup('team', 'red')).toBe(false);
    expect((await storage.keys.snapshot()).groups.map(({ kind }) => kind)).toEqual(['tag']);
  },

  'a text is a text, whatever stands in it': async (store) => {
    const storage = await (await store.fresh()).open();
    for (const [place, text] of oddTexts.entries()) {
      const more = { id: `key_${place}`, owner: text, team: text, tags: [text, 'x'], models: [text], tier: text };
      const key = keyNamed(text, { ...more, secrets: [secretOf(`${place}`)] });
      await storage.keys.create(key);
      await storage.keys.putGroup({ kind: 'tag', name: text, tier: text, limits, createdAt: 0, version: 0 }, 0);
      await storage.packages.addDeleted(text, text);
      await storage.strategies.save(text, text, [{ id: text, text, uses: 1, helped: 0, refinedAt: 0 }]);
    }
    const { keys, groups } = await storage.keys.snapshot();
    for (const [place, text] of oddTexts.entries()) {
      const found = keys.find(({ id }) => id === `key_${place}`);
      expect(found).toMatchObject({
        name: text,
        owner: text,
        team: text,
        tags: [text, 'x'],
        models: [text],
        tier: text,
      });
      expect(groups).toContainEqual(expect.objectContaining({ name: text, tier: text }));
      expect((await storage.strategies.load(text, text)).map((one) => one.text)).toEqual([text]);
      await storage.packages.forgetDeleted([text]);
      expect(await storage.packages.deleted()).toHaveLength(oddTexts.length - place - 1);
      expect(await storage.keys.deleteGroup('tag', text)).toBe(true);
    }
    expect((await storage.keys.snapshot()).groups).toEqual([]);
    // Neither of these is a text that both databases could hold.
    await storage.keys.create(keyNamed('nul', { id: 'key_nul', owner: 'a\0b', team: 'x\ud800' }));
    expect((await storage.keys.snapshot()).keys).toContainEqual(
      expect.objectContaining({ id: 'key_nul', owner: 'a\ufffdb', team: 'x\ufffd' }),
    );
    expect(await refusal(storage.keys.change('a\0', 1, {}))).toMatchObject({ code: 'missing' });
  },

  'strategies are kept apart for each caller and type': async (store) => {
    const place = await store.fresh();
    const { strategies } = await place.open();
    const one = { id: '1', text: 'first', uses: 3, helped: 2, refinedAt: 1 };
    expect(await strategies.load('a', 'maths')).toEqual([]);
    await strategies.save('a', 'maths', [one]);
    await strategies.save('a', 'logic', [{ ...one, id: '2' }, one]);
    await strategies.save('a', 'maths', [{ ...one, uses: 4 }]);
    const other = (await place.open()).strategies;
    expect(await other.load('a', 'maths')).toEqual([{ ...one, uses: 4 }]);
    expect(await other.load('a', 'logic')).toEqual([{ ...one, id: '2' }, one]);
    expect(await other.load('b', 'maths')).toEqual([]);
    await other.save('a', 'logic', []);
    expect(await strategies.load('a', 'logic')).toEqual([]);
  },

  'processes that change a list of strategies at the same time lose nothing': async (store) => {
    const place = await store.fresh();
    const opened = await Promise.all([place.open(), place.open(), place.open()]);
    const add = (text: string) => (all: readonly StoredStrategy[]) => [
      ...all,
      { id: text, text, uses: 0, helped: 0, refinedAt: 0 },
    ];
    const changes = opened.map(async ({ strategies }, process) => {
      for (let turn = 0; turn < 5; turn++) await strategies.change('a', 'maths', add(`${process} ${turn}`));
    });
    await Promise.all(changes);
    const { strategies } = await place.open();
    expect(await strategies.load('a', 'maths')).toHaveLength(15);
    await strategies.change('a', 'maths', () => []);
    expect(await strategies.load('a', 'maths')).toEqual([]);
  },
};
