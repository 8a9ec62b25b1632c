import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { isAlive, never, program, runTool, startServers } from './test-servers-rig.ts';
import { type TestProgram, testProgram, waitFor } from './test-tool-servers.ts';

describe('a program', () => {
  test('is started when it is first needed, once for all who need it at the same time', async () => {
    const local = await testProgram();
    const { servers } = startServers([program(local)]);
    await pause(200);
    expect(local.pids()).toEqual([]);
    const lists = await Promise.all([1, 2, 3].map(() => servers.offered(undefined, never)));
    expect(lists.map((list) => list.length)).toEqual([lists[0]?.length, lists[0]?.length, lists[0]?.length]);
    expect(local.pids()).toHaveLength(1);
    const [add] = lists[0] ?? [];
    expect(add).toMatchObject({ name: 'add', description: 'Adds two numbers.', parameters: { type: 'object' } });
    expect(add?.parameters).toHaveProperty('properties.a');
    const sums = await Promise.all([1, 2, 3].map((a) => runTool(servers, 'add', { a, b: 1 })));
    expect(sums).toEqual(['2', '3', '4'].map((text) => ({ text, failed: false })));
    expect(local.pids()).toHaveLength(1);
  });

  test('sees of the environment PATH, HOME and what is written for it', async () => {
    const local = await testProgram({ API_KEY: 'sk-secret-value' });
    const { servers } = startServers([program(local)], { env: { PATH: '/bin', HOME: '/home/x', GATEWAY_KEY: 'no' } });
    const { text } = await runTool(servers, 'environment');
    const own = Object.fromEntries(Object.entries(JSON.parse(text)).filter(([name]) => !name.startsWith('__')));
    expect(own).toEqual({ PATH: '/bin', HOME: '/home/x', API_KEY: 'sk-secret-value', NOTES: expect.any(String) });
  });

  test('what it says while it starts is in the log, without its secrets', async () => {
    const local = await testProgram({ API_KEY: 'sk-secret-value' });
    const { servers, lines } = startServers([program(local)]);
    await servers.offered(undefined, never);
    const line = 'hello, my secret is [secret]';
    expect(lines[0]).toMatchObject({ server: 'local', line, msg: 'a tool server says' });
    expect(JSON.stringify(lines)).not.toContain('sk-secret');
  });

  test.each([
    ['that ends by itself', {}],
    ['that does not want to', { STUBBORN: '1' }],
  ])('%s is gone when it is closed, with what it started', async (_what, env) => {
    const local = await testProgram(env);
    const { servers } = startServers([program(local)]);
    const { text } = await runTool(servers, 'child');
    const pids = [...local.pids(), Number(text)];
    expect(pids.map(isAlive)).toEqual([true, true]);
    await servers.close();
    await waitFor(() => expect(pids.map(isAlive)).toEqual([false, false]));
    expect(local.notes().includes('told to end')).toBe('STUBBORN' in env);
    await expect(servers.offered(undefined, never)).rejects.toMatchObject({ code: 'upstream_unreachable' });
    expect(local.pids()).toHaveLength(1);
  });

  test('is not left behind when it is closed while it starts', async () => {
    const local = await testProgram({ SLOW: '60000', STUBBORN: '1' });
    const { servers } = startServers([program(local)]);
    const offered = servers.offered(undefined, never).catch((error) => error);
    await waitFor(() => expect(local.pids()).toHaveLength(1));
    await servers.close();
    expect(isAlive(local.pids()[0] as number)).toBe(false);
    await expect(offered).resolves.toMatchObject({ code: 'upstream_unreachable' });
  });

  test('is started again on the next use after it was killed', async () => {
    const local = await testProgram();
    const { servers } = startServers([program(local)]);
    await servers.offered(undefined, never);
    process.kill(local.pids()[0] as number, 'SIGKILL');
    await waitFor(() => expect(isAlive(local.pids()[0] as number)).toBe(false));
    await waitFor(async () => expect((await runTool(servers, 'add', { a: 1, b: 2 })).text).toBe('3'));
    expect(local.pids()).toHaveLength(2);
  });

  test('that dies during a call fails the call alone, which is not made again', async () => {
    const local = await testProgram();
    const { servers } = startServers([program(local)]);
    await expect(runTool(servers, 'die')).rejects.toThrow('its program ended with code 3');
    expect(local.pids()).toHaveLength(1);
    await expect(runTool(servers, 'add', { a: 1, b: 2 })).resolves.toMatchObject({ text: '3' });
    expect(local.pids()).toHaveLength(2);
  });

  test.each([
    [['/no/such/program'], 'its program was not found'],
    [[process.execPath, '-e', 'process.exit(7)'], 'its program ended with code 7'],
    [['/dev/null'], 'its program may not be run'],
    [[process.execPath, '-e', 'setTimeout(() => {}, 60000)'], 'it did not answer in time'],
  ])('%j fails for what it is', async ([command = '', ...args], why) => {
    const { servers, lines } = startServers([{ kind: 'command', name: 'bad', command, args, env: new Map() }], {
      openTimeoutMs: 1000,
    });
    const failing = servers.offered(undefined, never);
    await expect(failing).rejects.toMatchObject({ code: 'upstream_unreachable', status: 502 });
    await expect(failing).rejects.toThrow(`the tool server "bad" cannot be used: ${why}`);
    expect(lines.at(-1)).toMatchObject({ msg: 'a tool server could not be opened', server: 'bad' });
  });

  test('that cannot be started is not tried by each request anew', async () => {
    const { servers, lines } = startServers([
      { kind: 'command', name: 'bad', command: '/no', args: [], env: new Map() },
    ]);
    for (let turn = 0; turn < 5; turn++) await expect(servers.offered(undefined, never)).rejects.toThrow('not found');
    expect(lines).toHaveLength(1);
    await pause(1100);
    await expect(servers.offered(undefined, never)).rejects.toThrow('not found');
    expect(lines).toHaveLength(2);
  });

  test('one that stops waiting for it does not stop it for others', async () => {
    const local = await testProgram({ SLOW: '300' });
    const { servers } = startServers([program(local)]);
    const leaving = new AbortController();
    const [left, stayed] = [servers.offered(undefined, leaving.signal), servers.offered(undefined, never)];
    leaving.abort();
    await expect(left).rejects.toMatchObject({ code: 'client_closed_request' });
    await expect(stayed).resolves.not.toHaveLength(0);
    expect(local.pids()).toHaveLength(1);
  });
});

describe('a reload', () => {
  test('keeps a server of which nothing changed, and ends one that is gone or other', async () => {
    const [kept, changed, gone] = await Promise.all([testProgram(), testProgram(), testProgram()]);
    const rig = startServers([program(kept, 'kept'), program(changed, 'changed'), program(gone, 'gone')]);
    await rig.servers.offered(undefined, never);
    const other: TestProgram = {
      ...changed,
      settings: { ...changed.settings, env: { ...changed.settings.env, X: '1' } },
    };
    const next = rig.next([program(kept, 'kept'), program(other, 'changed')]);
    await rig.servers.close();
    expect(isAlive(kept.pids()[0] as number)).toBe(true);
    await waitFor(() => expect([...changed.pids(), ...gone.pids()].map(isAlive)).toEqual([false, false]));
    await next.offered(undefined, never);
    expect([kept, changed, gone].map((one) => one.pids().length)).toEqual([1, 2, 1]);
    await next.close();
    await waitFor(() => expect(isAlive(kept.pids()[0] as number)).toBe(false));
  });

  test('only those that are asked for are opened', async () => {
    const [one, other] = await Promise.all([testProgram(), testProgram()]);
    const { servers } = startServers([program(one, 'one'), program(other, 'other')]);
    const offered = await servers.offered(['other'], never);
    expect(new Set(offered.map(({ server }) => server.config.name))).toEqual(new Set(['other']));
    expect([one.pids().length, other.pids().length]).toEqual([0, 1]);
  });
});
