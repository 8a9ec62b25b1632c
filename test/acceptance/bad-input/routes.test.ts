import { describe, expect, test } from 'vitest';
import { send } from '../../fake-backend/http-client.ts';
import { exchangeRaw, expectAlive, readAnswers, readEnvelope, startRig } from './refusals.ts';

describe('paths and methods', () => {
  test.each([
    '/v1',
    '/v1/',
    '/v1/nope',
    '/v1/chat',
    '/v1/chat/completions/',
    '/v1/chat/completions/x',
    '/V1/chat/completions',
    '/v1//chat/completions',
    '/v2/chat/completions',
    '/v1/v1/chat/completions',
    '/v1/responses',
    '/v1/models/',
    '/',
    '/%2e%2e/etc/passwd',
    '/v1/chat%2fcompletions',
    '/__proto__',
    '/constructor',
    `/v1/${'x'.repeat(5000)}`,
  ])('%s: 404 in the envelope', async (path) => {
    const rig = await startRig();
    for (const method of ['GET', 'POST']) {
      const answer = await send(rig.gateway.url + path, { method, headers: { 'content-length': '0' } });
      expect(answer.status).toBe(404);
      expect(readEnvelope(answer.text).code).toBe('not_found');
      expect(answer.headers['x-request-id']).toBeDefined();
    }
    expect(rig.backend.requests).toEqual([]);
  });

  test.each([
    ['GET', '/v1/chat/completions', 'POST'],
    ['DELETE', '/completions', 'POST'],
    ['PUT', '/v1/embeddings', 'POST'],
    ['HEAD', '/v1/chat/completions', 'POST'],
    ['OPTIONS', '/v1/chat/completions', 'POST'],
    ['PATCH', '/v1/models', 'GET'],
    ['POST', '/v1/models', 'GET'],
    ['POST', '/health', 'GET'],
    ['DELETE', '/metrics', 'GET'],
  ])('%s %s: 405 with Allow: %s', async (method, path, allow) => {
    const rig = await startRig();
    const answer = await send(rig.gateway.url + path, { method, headers: { 'content-length': '0' } });
    expect(answer.status).toBe(405);
    expect(answer.headers.allow?.split(', ')).toContain(allow);
    if (method === 'HEAD') expect(answer.text).toBe('');
    else expect(readEnvelope(answer.text).code).toBe('method_not_allowed');
    expect(rig.backend.requests).toEqual([]);
  });

  test.each(['/v1/models', '/health', '/health/live', '/health/ready', '/metrics'])(
    'HEAD %s is GET without its body',
    async (path) => {
      const rig = await startRig();
      const head = await send(rig.gateway.url + path, { method: 'HEAD' });
      expect([head.status, head.text]).toEqual([200, '']);
      expect(head.headers['content-type']).toBe((await send(rig.gateway.url + path)).headers['content-type']);
    },
  );

  test('CONNECT, upgrades, OPTIONS * and absolute URLs do no harm', async () => {
    const rig = await startRig();
    const { port } = rig.gateway.gateway;
    await exchangeRaw(port, 'CONNECT example.com:443 HTTP/1.1\r\nhost: example.com\r\n\r\n', 300);
    const upgrade = 'GET /v1/models HTTP/1.1\r\nhost: h\r\nconnection: upgrade, close\r\nupgrade: websocket\r\n\r\n';
    const [upgraded] = readAnswers(
      (await exchangeRaw(port, upgrade, 1000)).replace('Connection: upgrade', 'Connection: x'),
    );
    expect(upgraded?.status).toBe(200);
    const [star] = readAnswers(
      await exchangeRaw(port, 'OPTIONS * HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n', 1000),
    );
    expect(star?.status).toBe(404);
    await expectAlive(rig);
  });
});

describe('names in the path of /v1/models/{id}', () => {
  test.each([
    ['a%2Fb', 404, 'model_not_found', 'a/b'],
    ['a/b/c', 404, 'model_not_found', 'a/b/c'],
    ['%00', 404, 'model_not_found', '\\u0000'],
    ['%0d%0aset-cookie:x', 404, 'model_not_found', '\\r\\nset-cookie:x'],
    ['%F0%9F%98%80', 404, 'model_not_found', '\u{1F600}'],
    ['%2e%2e%2f', 404, 'model_not_found', '../'],
    ['a%252Fb', 404, 'model_not_found', 'a%2Fb'],
    ['a+b', 404, 'model_not_found', 'a+b'],
    ['__proto__', 404, 'model_not_found', '__proto__'],
    ['%', 400, 'invalid_request', '%25'],
    ['100%', 400, 'invalid_request', '%25'],
    ['%zz', 400, 'invalid_request', '%25'],
    ['%FF', 400, 'invalid_request', '%25'],
    ['%C0%AF', 400, 'invalid_request', '%25'],
    ['%ED%A0%80', 400, 'invalid_request', '%25'],
  ])('%s: %i %s', async (name, status, code, shown) => {
    const rig = await startRig();
    const raw = `GET /v1/models/${name} HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n`;
    const received = Buffer.from(await exchangeRaw(rig.gateway.gateway.port, raw), 'latin1');
    const [answer] = readAnswers(received.toString('latin1'));
    expect(answer?.status).toBe(status);
    const text = Buffer.from(answer?.body ?? '', 'latin1').toString();
    expect(readEnvelope(text).code).toBe(code);
    expect(text).toContain(shown);
    await expectAlive(rig);
  });
});
