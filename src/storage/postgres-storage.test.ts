import { createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { findPostgres, freePort, type RealPostgres, startPostgres } from '../../test/harness/real-postgres.ts';
import { Secret } from '../secret.ts';
import { openPostgresStorage } from './postgres-storage.ts';
import { batchOf, callOf, keyNamed } from './test-samples.ts';
import { testStorage } from './test-suite.ts';

const programs = findPostgres();

async function open(url: string, warn?: (message: string) => void) {
  const storage = await openPostgresStorage(new Secret(url), warn);
  onTestFinished(() => storage.close());
  return storage;
}

describe.skipIf(programs === undefined)('with a real server', () => {
  let server: RealPostgres;
  beforeAll(async () => {
    server = await startPostgres(programs ?? '');
  });
  afterAll(() => server?.stop());

  testStorage('postgres', {
    fresh: async () => {
      const url = await server.createDatabase();
      return { open: () => open(url), childArguments: ['postgres', url] };
    },
  });

  test('what waiting would not mend is refused with what to do, and without the password', async () => {
    const url = await server.createDatabase();
    const change = (part: 'username' | 'password' | 'pathname', value: string) => {
      const changed = new URL(url);
      changed[part] = value;
      return open(changed.href).then(
        () => 'opened',
        (error: Error) => `${error.name}: ${error.message}`,
      );
    };
    const place = `postgres://headrace@127.0.0.1:${server.port}`;
    const wrong = await change('password', 'hunter2hunter2');
    expect(wrong).toContain(`StorageOpenError: ${place}${new URL(url).pathname}: the user or the password is wrong`);
    expect(wrong).not.toContain('hunter2');
    expect(await change('password', '')).toMatch(/StorageOpenError: .*asks for a password; write it into storage\.url/);
    expect(await change('pathname', '/nowhere')).toMatch(/nowhere: there is no such database; make it with: createdb/);
    server.run("create role guest login password 'secret'");
    server.run('revoke create on schema public from public', new URL(url).pathname.slice(1));
    expect(await change('username', 'guest')).toMatch(/postgres:\/\/guest@.*may not make tables there; grant it/);
    server.run('create table keys (mine text)', new URL(url).pathname.slice(1));
    expect(await change('pathname', new URL(url).pathname)).toMatch(
      /tables of the same names.*give it a database of its own/,
    );
  });

  test('a database of a newer release is used, with a warning', async () => {
    const url = await server.createDatabase();
    await (await open(url)).close();
    const name = new URL(url).pathname.slice(1);
    server.run("alter table keys add column later text; insert into schema_migrations values (999, 'later', 0)", name);
    const warnings: string[] = [];
    const storage = await open(url, (message) => warnings.push(message));
    expect(warnings).toEqual([expect.stringMatching(/was written by a newer release.*999 later/)]);
    await storage.keys.create(keyNamed('k'));
    expect((await storage.keys.snapshot()).keys).toEqual([keyNamed('k')]);
  });

  test('a server that crashes is noticed at once, and used again when it is back, with all that it had', async () => {
    const url = await server.createDatabase();
    const storage = await open(url);
    await storage.keys.create(keyNamed('k'));
    const heard: boolean[] = [];
    storage.onHealth(({ ok }) => heard.push(ok));
    await server.kill();
    await expect(storage.revision()).rejects.toMatchObject({ code: 'unavailable' });
    expect(storage.health).toMatchObject({ ok: false, wasOk: true });
    expect(storage.health.error).not.toContain('secret');
    const began = performance.now();
    await expect(storage.usage.write(batchOf('b', [callOf('1')]))).rejects.toMatchObject({ code: 'unavailable' });
    expect(performance.now() - began).toBeLessThan(1000);
    await server.start();
    await expect.poll(() => storage.health.ok, { timeout: 20_000 }).toBe(true);
    expect(heard).toEqual([false, true]);
    await storage.usage.write(batchOf('b', [callOf('1')]));
    expect((await storage.keys.snapshot()).keys).toHaveLength(1);
  });

  test('a server that is not there at the start is waited for', async () => {
    const url = await server.createDatabase();
    await server.kill();
    const warnings: string[] = [];
    const storage = await open(url, (message) => warnings.push(message));
    expect(warnings).toEqual([expect.stringMatching(/cannot be reached.*serving without it/)]);
    expect(storage.health).toMatchObject({ ok: false, wasOk: false });
    await expect(storage.keys.snapshot()).rejects.toMatchObject({ code: 'unavailable' });
    await server.start();
    await expect.poll(() => storage.health, { timeout: 20_000 }).toMatchObject({ ok: true, wasOk: true });
    await storage.keys.create(keyNamed('k'));
    expect(await storage.revision()).toBe(1);
  });

  test('a server that stops answering holds nobody up, and is used again', async () => {
    const proxy = await startProxy(server.port);
    const url = new URL(await server.createDatabase());
    url.port = String(proxy.port);
    const storage = await open(url.href);
    await storage.keys.create(keyNamed('k'));
    proxy.pause();
    const began = performance.now();
    await expect(storage.revision()).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/did not answer within 2 s/),
    });
    expect(performance.now() - began).toBeLessThan(4000);
    await expect.poll(() => storage.health.ok, { timeout: 20_000 }).toBe(true);
    expect(await storage.revision()).toBe(1);
  });
});

test('a host that is not there, and a port on which something else listens, are no reason not to start', async () => {
  const other = createServer((socket) => socket.end('SSH-2.0-something\r\n'));
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void other.close());
  const { port } = other.address() as { port: number };
  for (const place of [`127.0.0.1:${await freePort()}`, `127.0.0.1:${port}`]) {
    const warnings: string[] = [];
    const storage = await open(`postgres://headrace:hunter2hunter2@${place}/headrace`, (message) =>
      warnings.push(message),
    );
    expect(warnings).toEqual([expect.stringContaining(`postgres://headrace@${place}/headrace: cannot be reached`)]);
    expect(storage.health.ok).toBe(false);
    expect(`${warnings} ${storage.health.error}`).not.toContain('hunter2');
  }
});

/** Stands before a server, and can keep everything to itself that goes either way on connections that are there. */
async function startProxy(to: number) {
  const { connect } = await import('node:net');
  const sockets = new Set<Socket>();
  const server: Server = createServer((client) => {
    const upstream = connect(to, '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        client.destroy();
        upstream.destroy();
      });
    }
    client.pipe(upstream).pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    port: (server.address() as { port: number }).port,
    /** The connections that are there stay silent for ever; new ones work. */
    pause: () => {
      for (const socket of sockets) socket.unpipe().pause();
    },
  };
}
