import { describe, expect, it } from 'vitest';
import { send } from '../../fake-backend/http-client.ts';
import { adminSecret, startAdminGateway } from '../../harness/admin-client.ts';
import { reported } from '../limits/callers.ts';
import { startUsageRig } from './rig.ts';

describe('the usage pages', () => {
  it('tell sums apart by whatever is asked for, filter them, and page them', async () => {
    const { call, calls, ask, create } = await startUsageRig(() => ({ usage: reported }));
    const { secret } = await create({ name: 'bob', tags: ['b'] });
    await call();
    await call({ model: 'u:cheap' });
    await call({}, { authorization: `Bearer ${secret}` });
    await calls(3);
    const sums = async (query: string) => (await ask('GET', `/admin/usage?${query}`)).body.data;
    expect(await sums('group_by=key')).toMatchObject([
      { key: 'alice', calls: 2, total_tokens: 80, cost: 0.04004 },
      { key: 'bob', calls: 1, total_tokens: 40, cost: 0.04 },
    ]);
    expect(await sums('group_by=tag')).toMatchObject([
      { tag: 'a', calls: 2 },
      { tag: 'b', calls: 3 },
    ]);
    const today = new Date().toISOString().slice(0, 10);
    expect(await sums('group_by=day,team&key=bob')).toMatchObject([{ day: today, team: null, calls: 1 }]);
    expect(await sums('team=')).toMatchObject([{ calls: 1 }]);
    expect(await sums('team=red&model=cheap&tag=a&outcome=complete&backend=u&asked=u:cheap&owner=ann')).toMatchObject([
      { calls: 1 },
    ]);
    expect(await sums('from=2020-01-01&to=2020-02-01')).toEqual([]);
    const first = (await ask('GET', '/admin/usage?group_by=model,key&limit=2')).body;
    expect(first.data).toMatchObject([{ model: 'cheap' }, { model: 'dear', key: 'alice' }]);
    const second = (await ask('GET', `/admin/usage?group_by=model,key&limit=2&cursor=${first.next_cursor}`)).body;
    expect(second).toMatchObject({ data: [{ model: 'dear', key: 'bob' }], next_cursor: null });
    expect(first.to > first.from).toBe(true);
  });

  it('show single calls page by page, and all of them as CSV or NDJSON', async () => {
    const { call, calls, ask } = await startUsageRig(() => ({ usage: reported }));
    for (let i = 0; i < 5; i++) await call();
    const rows = await calls(5);
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const { body } = await ask('GET', `/admin/usage/calls?limit=2${cursor && `&cursor=${cursor}`}`);
      seen.push(...body.data.map(({ id }: { id: string }) => id));
      cursor = body.next_cursor;
    }
    expect(seen.toReversed()).toEqual(rows.map(({ id }) => id));
    const ndjson = await ask('GET', '/admin/usage/calls?format=ndjson');
    expect(ndjson.headers.get('content-type')).toBe('application/x-ndjson');
    expect(
      ndjson.text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
        .toReversed(),
    ).toEqual(rows);
    const csv = await ask('GET', '/admin/usage/calls?format=csv');
    expect(csv.headers.get('content-type')).toContain('text/csv');
    expect(csv.headers.get('content-disposition')).toContain('calls.csv');
    expect(csv.text.trimEnd().split('\r\n')).toHaveLength(6);
  });

  it('make names harmless to spreadsheets, and keep them whole', async () => {
    const odd = ['=1+1', '+cmd', '-2', '@SUM(A1)', 'a,b', 'say "hi"', '\t=x', 'two\r\nlines', ' =x', 'plain'];
    const { call, calls, ask } = await startUsageRig(() => ({ usage: reported }));
    for (const model of odd) await call({ model });
    await calls(odd.length);
    const { text } = await ask('GET', '/admin/usage?group_by=asked&format=csv');
    const cells = [...text.matchAll(/(?<=\r\n)("(?:[^"]|"")*"|[^,"]*),1,/g)].map(([, cell]) => cell);
    const harmless = [
      "'=1+1",
      "'+cmd",
      "'-2",
      "'@SUM(A1)",
      '"a,b"',
      '"say ""hi"""',
      "'\t=x",
      '"two\r\nlines"',
      "' =x",
      'plain',
    ];
    expect(cells.toSorted()).toEqual(harmless.toSorted());
  });

  it('send a large export no faster than it is read, and stop when the client goes', async () => {
    const { call, calls, ask, gateway } = await startUsageRig(() => ({ usage: reported }));
    await call();
    await calls(1);
    const storage = (await import('../../../src/storage/sqlite-storage.ts')).openSqliteStorage;
    const second = await storage(`${gateway.folder}/state`, () => {});
    const { rows } = await second.usage.rows({ from: 0, to: 1e15, limit: 1 });
    const [one] = rows;
    if (one === undefined) throw new Error('no row');
    for (let batch = 0; batch < 8; batch++) {
      const entries = Array.from({ length: 1000 }, (_, n) => ({
        ...one,
        id: `x${batch}.${n}`,
        asked: 'y'.repeat(500),
      }));
      await second.usage.write({ id: `x${batch}`, at: one.at, entries, counters: [] });
    }
    await second.close();
    const leaving = new AbortController();
    const answer = await fetch(`${gateway.url}/admin/usage/calls?format=ndjson`, {
      headers: { authorization: `Bearer ${adminSecret}` },
      signal: leaving.signal,
    });
    await answer.body?.getReader().read();
    leaving.abort();
    expect((await ask('GET', '/admin/usage/calls?format=csv')).text.trimEnd().split('\r\n')).toHaveLength(8002);
  });

  it('refuse what they do not understand, by its name', async () => {
    const { ask } = await startAdminGateway();
    const wrong = async (path: string) => {
      const { status, body } = await ask('GET', path);
      return [status, body.error?.param];
    };
    expect(await wrong('/admin/usage?group_by=key,colour')).toEqual([400, 'group_by']);
    expect(await wrong('/admin/usage?from=yesterday')).toEqual([400, 'from']);
    expect(await wrong('/admin/usage?from=2026-02-01&to=2026-01-01')).toEqual([400, 'from']);
    expect(await wrong('/admin/usage?format=xml')).toEqual([400, 'format']);
    expect(await wrong('/admin/usage?limit=0')).toEqual([400, 'limit']);
    expect(await wrong('/admin/usage?cursor=x&group_by=key')).toEqual([400, 'cursor']);
    expect(await wrong('/admin/usage/calls?cursor=x')).toEqual([400, 'cursor']);
    expect(await wrong('/admin/usage/calls?kye=x')).toEqual([400, 'kye']);
    expect(await wrong('/admin/limits?kind=owner')).toEqual([400, 'kind']);
    const none = await startAdminGateway({ settings: 'storage: {folder: none}' });
    const refused = await none.ask('GET', '/admin/usage');
    expect([refused.status, refused.body.error.message]).toEqual([409, expect.stringContaining('no storage')]);
    expect((await none.ask('GET', '/admin/limits')).body.data).toEqual([]);
  });

  it('are for admins', async () => {
    const { create, gateway } = await startAdminGateway();
    const { secret } = await create({ name: 'u' });
    for (const path of ['/admin/usage', '/admin/usage/calls', '/admin/limits']) {
      const { status } = await send(gateway.url + path, { headers: { authorization: `Bearer ${secret}` } });
      expect([path, status]).toEqual([path, 403]);
    }
  });
});
