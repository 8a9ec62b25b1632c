import { describe, expect, test } from 'vitest';
import { startFakeBackend } from '../../../test/fake-backend/fake-backend.ts';
import { never, program, remote, runTool, startServers } from './test-servers-rig.ts';
import { startHttpTools, testProgram, waitFor } from './test-tool-servers.ts';

const call = { timeoutMs: 10_000, signal: never };

describe('a call', () => {
  test('takes no longer than it may, and the server is told', async () => {
    const local = await testProgram();
    const { servers } = startServers([program(local)]);
    await expect(runTool(servers, 'sleep', { ms: 60_000 }, { timeoutMs: 200, signal: never })).rejects.toThrow(
      'did not answer in time',
    );
    await waitFor(() => expect(local.notes()).toContain('sleep is cancelled'));
    await expect(runTool(servers, 'add', { a: 1, b: 2 })).resolves.toMatchObject({ text: '3' });
    expect(local.pids()).toHaveLength(1);
  });

  test('ends when nobody waits for it, and the server is told', async () => {
    const local = await testProgram();
    const { servers } = startServers([program(local)]);
    const leaving = new AbortController();
    const calling = runTool(servers, 'sleep', { ms: 60_000 }, { timeoutMs: 60_000, signal: leaving.signal });
    calling.catch(() => undefined);
    await waitFor(() => expect(local.notes()).toContain('sleep begins'));
    leaving.abort();
    await expect(calling).rejects.toThrow('nobody waits');
    await waitFor(() => expect(local.notes()).toContain('sleep is cancelled'));
    await expect(runTool(servers, 'add', { a: 1, b: 2 })).resolves.toMatchObject({ text: '3' });
    expect(local.pids()).toHaveLength(1);
  });

  test('gives text: of what is none, what it is; never too much of it', async () => {
    const { servers } = startServers([program(await testProgram())]);
    const { text } = await runTool(servers, 'picture');
    expect(text).toBe('(image of the type image/png, which is left out)\nof a file');
    const long = await runTool(servers, 'long');
    expect(long.text.length).toBeLessThan(101_000);
    expect(long.text).toMatch(/200000 characters\)$/);
    await expect(runTool(servers, 'fail')).resolves.toEqual({ text: 'the disk is full', failed: true });
    const wrong = await runTool(servers, 'add', { a: 'one' });
    expect(wrong.failed).toBe(true);
  });

  test('a message without end ends the connection, and the next one is good again', async () => {
    const local = await testProgram();
    const { servers } = startServers([program(local)]);
    await expect(runTool(servers, 'huge')).rejects.toThrow('its program');
    await expect(runTool(servers, 'add', { a: 1, b: 2 })).resolves.toMatchObject({ text: '3' });
    expect(local.pids()).toHaveLength(2);
  });

  test('a tool that a server adds is there for the next request', async () => {
    const { servers } = startServers([program(await testProgram())]);
    await runTool(servers, 'more');
    await waitFor(async () => expect(await runTool(servers, 'later')).toMatchObject({ text: 'late' }));
  });
});

describe('a server behind a URL', () => {
  test.each([{ json: false }, { json: true }])('keeps one session for all requests, %j', async ({ json }) => {
    const http = await startHttpTools({ key: 'k-1', json });
    const { servers } = startServers([remote(http.url, { 'x-key': 'k-1' })]);
    const sums = await Promise.all([1, 2, 3].map((a) => runTool(servers, 'add', { a, b: 1 })));
    expect(sums.map(({ text }) => text)).toEqual(['2', '3', '4']);
    expect(http.notes.filter((line) => line === 'session begins')).toHaveLength(1);
    expect(http.requests.every((headers) => headers['x-key'] === 'k-1')).toBe(true);
    await servers.close();
    expect(http.notes).toContain('session ends');
  });

  test('a session that the server has forgotten is begun anew, and the call is made', async () => {
    const http = await startHttpTools();
    const { servers } = startServers([remote(http.url)]);
    const [add] = await servers.offered(undefined, never);
    http.forget();
    await expect(add?.server.call('add', { a: 2, b: 2 }, call)).resolves.toMatchObject({ text: '4' });
    expect(http.notes.filter((line) => line === 'session begins')).toHaveLength(2);
  });

  test('a call ends when nobody waits for it, and the server is told', async () => {
    const http = await startHttpTools();
    const { servers } = startServers([remote(http.url)]);
    const leaving = new AbortController();
    const calling = runTool(servers, 'sleep', { ms: 60_000 }, { timeoutMs: 60_000, signal: leaving.signal });
    calling.catch(() => undefined);
    await waitFor(() => expect(http.notes).toContain('sleep begins'));
    leaving.abort();
    await expect(calling).rejects.toThrow('nobody waits');
    await waitFor(() => expect(http.notes).toContain('sleep is cancelled'));
  });

  test('a wrong key is told by the status alone', async () => {
    const http = await startHttpTools({ key: 'right' });
    const { servers, lines } = startServers([remote(`${http.url}?token=in-the-url`, { 'x-key': 'wrong-secret' })]);
    await expect(servers.offered(undefined, never)).rejects.toThrow(
      /^the tool server "remote" cannot be used: it answered with status 401$/,
    );
    expect(JSON.stringify(lines)).not.toMatch(/wrong-secret|in-the-url/);
  });

  test('one that is gone fails the next request, and not for ever', async () => {
    const http = await startHttpTools();
    const { servers } = startServers([remote(`${http.url}?token=in-the-url`)]);
    const [add] = await servers.offered(undefined, never);
    await http.close();
    const calling = add?.server.call('add', { a: 1, b: 1 }, call);
    await expect(calling).rejects.toThrow(/^it cannot be reached/);
    const failing = servers.offered(undefined, never);
    await expect(failing).rejects.toMatchObject({ code: 'upstream_unreachable', status: 502 });
    await expect(failing).rejects.not.toThrow('in-the-url');
  });

  test('a redirect to another origin is not followed, and takes no header there', async () => {
    const elsewhere = await startHttpTools();
    const redirecting = await startFakeBackend({
      routes: [{ path: '/mcp', method: 'POST', replies: [{ redirect: elsewhere.url }] }],
    });
    const { servers } = startServers([remote(redirecting.baseUrl.replace('/v1', '/mcp'), { 'x-key': 'secret' })]);
    await expect(servers.offered(undefined, never)).rejects.toThrow('it redirects elsewhere, which is not followed');
    expect(elsewhere.requests).toHaveLength(0);
  });

  test('what is no server of tools is told so', async () => {
    const backend = await startFakeBackend([{ text: '<html>hello</html>' }]);
    const { servers } = startServers([remote(`${backend.baseUrl}/chat/completions`)]);
    await expect(servers.offered(undefined, never)).rejects.toThrow('its answer is not as the protocol has it');
  });
});
