import { once } from 'node:events';
import { createServer, request as httpRequest, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startFakeBackend } from '../../fake-backend/fake-backend.ts';
import { backendYaml, startTestGateway } from '../../harness/test-gateway.ts';
import { chat, chatPath, expectError, startAt } from './chat.ts';
import { freePort } from './gateway-process.ts';

interface Proxy {
  readonly url: string;
  /** What it was asked for: `CONNECT host:port`, or the whole URL of a request that it was to pass on. */
  readonly asked: string[];
}

/** A forward proxy for which every host name is the server at this port of 127.0.0.1. */
async function startProxy(port: number): Promise<Proxy> {
  const asked: string[] = [];
  const server: Server = createServer((incoming, response) => {
    asked.push(`${incoming.method} ${incoming.url}`);
    const { pathname } = new URL(incoming.url ?? '');
    const { method = 'GET', headers } = incoming;
    const onward = httpRequest({ host: '127.0.0.1', port, method, path: pathname, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    incoming.pipe(onward);
  });
  server.on('connect', (incoming, socket, head) => {
    asked.push(`CONNECT ${incoming.url}`);
    const onward = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      onward.write(head);
      onward.pipe(socket).pipe(onward);
    });
    for (const end of [onward, socket]) end.on('error', () => onward.destroy()).on('close', () => socket.destroy());
    onTestFinished(() => void onward.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const names = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'all_proxy'];

describe('proxies (R8)', () => {
  test.each(['127.0.0.1', 'localhost', '127.0.0.2'])('%s never goes through one, whatever is set', async (host) => {
    const dead = `http://127.0.0.1:${await freePort()}`;
    const env = Object.fromEntries(names.map((name) => [name, dead]));
    const backend = await startFakeBackend({ host: host === 'localhost' ? '127.0.0.1' : host });
    const more: Record<string, string>[] = [{}, { NO_PROXY: 'example.com' }];
    for (const variables of more) {
      const gateway = await startAt(`http://${host}:${backend.port}`, { ...env, ...variables });
      expect((await gateway.post(chatPath, chat())).status).toBe(200);
    }
    expect(backend.posts()).toHaveLength(2);
  });

  test('[::1] neither', async () => {
    const dead = `http://127.0.0.1:${await freePort()}`;
    const backend = await startFakeBackend({ host: '::1' });
    const gateway = await startAt(backend.url, Object.fromEntries(names.map((name) => [name, dead])));
    expect((await gateway.post(chatPath, chat())).status).toBe(200);
  });

  test.each(['HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy'])(
    'another host goes through the proxy of %s',
    async (name) => {
      const backend = await startFakeBackend();
      const proxy = await startProxy(backend.port);
      const gateway = await startAt('http://models.test:8123/v1', { [name]: proxy.url, OPENAI_API_KEY: 'k' });
      const answer = await gateway.post(chatPath, chat());
      expect({ status: answer.status, text: await answer.text() }).toMatchObject({ status: 200 });
      expect(proxy.asked).toHaveLength(1);
      expect(proxy.asked[0]).toContain('models.test:8123');
      expect(backend.posts()[0]?.path).toBe('/v1/chat/completions');
      expect(backend.posts()[0]?.headers).toMatchObject({ authorization: 'Bearer k', host: 'models.test:8123' });
    },
  );

  test.each(['a..test', '*', 'other.test,a..test', 'a..test:8123'])('unless NO_PROXY is %s', async (exempt) => {
    const proxy = await startProxy(await freePort());
    const env = { HTTP_PROXY: proxy.url, NO_PROXY: exempt };
    // A name with an empty label is refused by every resolver without asking anybody.
    const yaml = backendYaml('http://a..test:8123/v1', 'auth_type: none\nmax_retries: 0');
    const gateway = await startTestGateway({ files: { 'backends/a/backend.yaml': yaml }, env });
    const answer = await gateway.post(chatPath, chat({ model: 'a:m' }));
    const { message } = await expectError(answer, 502, 'upstream_unreachable');
    expect(message).toContain('name not found');
    expect(proxy.asked).toEqual([]);
  });

  test('a proxy that is down: 502 upstream_unreachable', async () => {
    const gateway = await startAt('http://models.test/v1', { HTTP_PROXY: `http://127.0.0.1:${await freePort()}` });
    await expectError(await gateway.post(chatPath, chat()), 502, 'upstream_unreachable');
  });
});
