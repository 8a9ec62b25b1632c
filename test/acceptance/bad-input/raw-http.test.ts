import { connect } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { exchangeRaw, expectAlive, liveRequest, rawChat, readAnswers, readEnvelope, startRig } from './refusals.ts';

const body = '{"model":"m","messages":[{"role":"user","content":"x"}]}';

describe('what is no HTTP, or bad HTTP', () => {
  test.each<[string, string | Buffer, number?]>([
    ['nonsense', 'nonsense\r\n\r\n'],
    ['TLS', Buffer.from('16030100a5010000a10303', 'hex')],
    ['zeros', Buffer.alloc(100)],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['a NUL in a header', rawChat(body, ['x-a: a\0b'])],
    ['a bare CR in a header', rawChat(body, ['x-a: a\rb: c'])],
    ['a control character in a header', rawChat(body, ['x-a: a\x01b'])],
    ['DEL in a header', rawChat(body, ['x-a: a\x7fb'])],
    ['a control character in the key', rawChat(body, ['authorization: Bearer a\x02b'])],
    ['a header name with a space', rawChat(body, ['x a: b'])],
    ['a header without colon', rawChat(body, ['x-a'])],
    ['a folded header', rawChat(body, ['x-a: b', ' c'])],
    ['a space in the path', 'GET /v1/mo dels HTTP/1.1\r\nhost: h\r\n\r\n'],
    ['two lengths', rawChat(body, ['content-length: 5'])],
    ['a length that is no number', 'POST /v1/chat/completions HTTP/1.1\r\nhost: h\r\ncontent-length: x\r\n\r\n'],
    ['a negative length', 'POST /v1/chat/completions HTTP/1.1\r\nhost: h\r\ncontent-length: -1\r\n\r\n'],
    ['a length beside chunks', rawChat(body, ['transfer-encoding: chunked'])],
    [
      'a chunk size that is no number',
      'POST /completions HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n',
    ],
    ['headers of 40,000 bytes', rawChat(body, [`x-a: ${'a'.repeat(40_000)}`]), 431],
    [
      'a thousand headers',
      rawChat(
        body,
        Array.from({ length: 3000 }, (_, i) => `x-${i}: ${'b'.repeat(20)}`),
      ),
      431,
    ],
    ['a path of 40,000 bytes', `GET /v1/${'a'.repeat(40_000)} HTTP/1.1\r\nhost: h\r\n\r\n`, 431],
    ['no Host', 'GET /v1/models HTTP/1.1\r\nconnection: close\r\n\r\n'],
  ])('%s: 400 in the envelope, and the connection is closed', async (_what, bytes, status = 400) => {
    const rig = await startRig();
    const answers = readAnswers(await exchangeRaw(rig.gateway.gateway.port, bytes));
    expect(answers).toHaveLength(1);
    expect(answers[0]?.status).toBe(status);
    expect(readEnvelope(answers[0]?.body ?? '').code).toBe('invalid_request');
    expect(answers[0]?.headers.get('x-request-id')).toMatch(/^[A-Za-z0-9-]+$/);
    expect(answers[0]?.headers.get('connection')).toBe('close');
    expect(rig.backend.requests).toEqual([]);
    await expectAlive(rig);
  });

  test('an expectation that nobody knows is answered in the envelope', async () => {
    const rig = await startRig();
    const bytes = rawChat(body, ['expect: wonders', 'connection: close']);
    const [answer] = readAnswers(await exchangeRaw(rig.gateway.gateway.port, bytes));
    expect(answer?.status).toBe(417);
    readEnvelope(answer?.body ?? '');
    expect(rig.backend.requests).toEqual([]);
  });

  test('headers of nearly the limit pass, and are not sent on', async () => {
    const rig = await startRig();
    const bytes = rawChat(body, [`x-a: ${'a'.repeat(20_000)}`, 'x-b: caf\u00e9', 'connection: close']);
    const [answer] = readAnswers(await exchangeRaw(rig.gateway.gateway.port, Buffer.from(bytes, 'latin1')));
    expect(answer?.status).toBe(200);
    expect(rig.backend.posts()[0]?.headers).not.toHaveProperty('x-a');
  });

  test('a client that goes in the middle of its body leaves nothing behind', async () => {
    const rig = await startRig();
    for (let turn = 0; turn < 20; turn++) {
      const socket = connect(rig.gateway.gateway.port, '127.0.0.1');
      await new Promise<void>((done) => socket.write(rawChat(body).slice(0, 120), () => done()));
      if (turn % 2 === 0) socket.destroy();
      else socket.resetAndDestroy();
    }
    await expectAlive(rig);
    expect(rig.backend.posts()).toHaveLength(1);
    expect(await (await rig.gateway.get('/metrics')).text()).toMatch(/^headrace_requests_running 0$/m);
  });
});

describe('several requests on one connection', () => {
  test('pipelined requests are answered in their order', async () => {
    const rig = await startRig();
    rig.backend.use({ replies: (request) => ({ delay_ms: request.model === 'slow' ? 200 : 0 }) });
    const slow = rawChat(body.replace('"m"', '"slow"'), ['x-request-id: one']);
    const quick = rawChat(body, ['x-request-id: two']);
    const bytes = slow + quick + rawChat('{', ['x-request-id: three']) + liveRequest;
    const answers = readAnswers(await exchangeRaw(rig.gateway.gateway.port, bytes));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 400, 200]);
    expect(answers.map(({ headers }) => headers.get('x-request-id')).slice(0, 3)).toEqual(['one', 'two', 'three']);
    expect(answers[0]?.body).toContain('"model":"slow"');
  });

  test('nonsense behind a request never stands in the middle of its answer', async () => {
    const rig = await startRig();
    rig.backend.use({ replies: [{ chunk_delay_ms: 40, content: 'one two three four five' }] });
    const stream = rawChat(body.replace('}]}', '}],"stream":true}'));
    const received = await new Promise<string>((resolve) => {
      let text = '';
      const socket = connect(rig.gateway.gateway.port, '127.0.0.1', () => socket.write(stream));
      onTestFinished(() => void socket.destroy());
      socket.on('data', (bytes) => {
        if (text === '') socket.write('nonsense\r\n\r\n');
        text += bytes;
      });
      socket.on('error', () => undefined);
      socket.on('close', () => resolve(text));
    });
    expect(received).toMatch(/^HTTP\/1\.1 200 /);
    expect(received.match(/HTTP\/1\.1/g)).toHaveLength(1);
    await expectAlive(rig);
  });
});

describe('the request id', () => {
  test.each(['simple', 'A-1_b.c:d', 'x'.repeat(128)])('%s is taken over', async (id) => {
    const rig = await startRig();
    const answer = await rig.gateway.get('/v1/nope', { 'x-request-id': id });
    expect(answer.headers.get('x-request-id')).toBe(id);
    expect(rig.gateway.log().at(-1)?.id).toBe(id);
  });

  test.each([
    '',
    ' ',
    'a b',
    'a\tb',
    'a"b',
    '{"x":1}',
    '<script>',
    'a,b',
    'ü',
    '%0d%0a',
    'x'.repeat(129),
    '$\u007bjndi:x}',
  ])('%j is replaced', async (id) => {
    const rig = await startRig();
    const lines = [`x-request-id: ${id}`, 'connection: close'];
    const raw = Buffer.from(rawChat(body, lines), 'latin1');
    const [answer] = readAnswers(await exchangeRaw(rig.gateway.gateway.port, raw));
    expect(answer?.status).toBe(200);
    expect(answer?.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('two of them are no sane one', async () => {
    const rig = await startRig();
    const raw = rawChat(body, ['x-request-id: a', 'x-request-id: b', 'connection: close']);
    const [answer] = readAnswers(await exchangeRaw(rig.gateway.gateway.port, raw));
    expect(answer?.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });
});
