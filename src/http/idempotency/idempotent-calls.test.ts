import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { startFakeBackend } from '../../../test/fake-backend/fake-backend.ts';
import { backendYaml, startTestGateway, type TestGateway } from '../../../test/harness/test-gateway.ts';

const body = { model: 'a:m', messages: [{ role: 'user', content: 'how high is the tower' }] };

async function start(replies: object[], settings = '', env: Record<string, string> = {}) {
  const backend = await startFakeBackend(replies);
  const gateway = await startTestGateway({
    files: {
      'backends/a/backend.yaml': backendYaml(`${backend.url}/v1`, 'auth_type: none\nmax_retries: 0'),
      'headrace.yaml': settings,
    },
    env,
  });
  return { backend, gateway };
}

function ask({ post }: TestGateway, key: string, fields: object = {}, headers: Record<string, string> = {}) {
  return post('/v1/chat/completions', { ...body, ...fields }, { 'idempotency-key': key, ...headers });
}

/** Sends a request whose client can be taken away, as fetch keeps connections. */
function askAndLeave({ url }: TestGateway, key: string, fields: object = {}) {
  const text = JSON.stringify({ ...body, ...fields });
  const socket = connect(Number(new URL(url).port), '127.0.0.1', () => {
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nidempotency-key: ${key}\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
    );
  });
  socket.on('error', () => undefined);
  return socket;
}

const lines = (gateway: TestGateway, message: string) => gateway.log().filter(({ msg }) => msg === message);

describe('a repeated Idempotency-Key', () => {
  it('gets the stored answer, byte for byte, and is not charged again', async () => {
    const { backend, gateway } = await start([{ content: 'tall' }, { content: 'another' }]);
    const first = await ask(gateway, 'k1');
    const second = await ask(gateway, 'k1');
    const third = await ask(gateway, 'k2');
    expect(await second.text()).toBe(await first.text());
    expect(await third.text()).toContain('another');
    expect(second.headers.get('x-headrace-replayed')).toBe(first.headers.get('x-request-id'));
    expect(second.headers.get('x-request-id')).not.toBe(first.headers.get('x-request-id'));
    expect(second.headers.get('x-headrace-backend')).toBe('a');
    expect(first.headers.has('x-headrace-replayed')).toBe(false);
    expect(backend.posts()).toHaveLength(2);
    expect(lines(gateway, 'request')).toHaveLength(2);
    expect(lines(gateway, 'replayed')).toMatchObject([{ how: 'stored', first: first.headers.get('x-request-id') }]);
    expect(await (await gateway.get('/metrics')).text()).toContain('headrace_replayed_requests_total{how="stored"} 1');
  });

  it('joins the call that runs', async () => {
    const { backend, gateway } = await start([{ delay_ms: 300, content: 'tall' }, { content: 'wrong' }]);
    const texts = await Promise.all([1, 2, 3, 4, 5].map(async () => (await ask(gateway, 'k')).text()));
    expect(new Set(texts).size).toBe(1);
    expect(texts[0]).toContain('tall');
    expect(backend.posts()).toHaveLength(1);
    expect(lines(gateway, 'replayed')).toHaveLength(4);
  });

  it('gets a stream from its first byte, while it runs and afterwards', async () => {
    const { backend, gateway } = await start([{ content: 'one two three four five six', chunk_delay_ms: 60 }]);
    const first = await ask(gateway, 'k', { stream: true });
    const reader = first.body?.getReader();
    const begun = await reader?.read();
    const joined = await ask(gateway, 'k', { stream: true });
    const rest: Uint8Array[] = [begun?.value ?? new Uint8Array()];
    for (let piece = await reader?.read(); piece?.value; piece = await reader?.read()) rest.push(piece.value);
    const whole = Buffer.concat(rest).toString();
    expect(whole).toContain('[DONE]');
    expect(await joined.text()).toBe(whole);
    const later = await ask(gateway, 'k', { stream: true });
    expect(later.headers.get('content-type')).toContain('text/event-stream');
    expect(await later.text()).toBe(whole);
    expect(backend.posts()).toHaveLength(1);
  });

  it('finds its answer after the connection was lost', async () => {
    const { backend, gateway } = await start([{ delay_ms: 300, content: 'tall' }, { content: 'wrong' }]);
    const lost = askAndLeave(gateway, 'k');
    await expect.poll(() => backend.posts().length).toBe(1);
    lost.destroy();
    await sleep(50);
    expect(await (await ask(gateway, 'k')).text()).toContain('tall');
    expect(backend.posts()).toHaveLength(1);
  });

  it('ends the call when all have been gone for a while, and is then made anew', async () => {
    const { backend, gateway } = await start([{ delay_ms: 60_000 }, { content: 'anew' }], 'idempotency: {linger: 0.1}');
    const lost = askAndLeave(gateway, 'k');
    await expect.poll(() => backend.posts().length).toBe(1);
    lost.destroy();
    await expect.poll(() => lines(gateway, 'request')).toMatchObject([{ outcome: 'cancelled', status: 499 }]);
    expect(await (await ask(gateway, 'k')).text()).toContain('anew');
  });

  it.each([
    ['an error', { status: 500 }, 502],
    ['a refusal', { status: 400, error: { message: 'no' } }, 400],
  ])('is made anew after %s', async (_, failing, status) => {
    const { gateway } = await start([failing, { content: 'well' }]);
    expect((await ask(gateway, 'k')).status).toBe(status);
    expect(await (await ask(gateway, 'k')).text()).toContain('well');
  });

  it('is made anew after a stream that broke', async () => {
    const { gateway } = await start([{ content: 'a b c d e f', cut_after_chunks: 4 }, { content: 'whole' }]);
    expect(await (await ask(gateway, 'k', { stream: true })).text()).not.toContain('[DONE]');
    expect(await (await ask(gateway, 'k', { stream: true })).text()).toContain('whole');
  });

  it('is refused where another request had it, and where it is no key', async () => {
    const { backend, gateway } = await start([{ content: 'tall' }]);
    const first = await ask(gateway, 'k');
    const other = await ask(gateway, 'k', { temperature: 1 });
    expect(other.status).toBe(422);
    const { error } = (await other.json()) as { error: { code: string; message: string } };
    expect(error.code).toBe('idempotency_key_reused');
    expect(error.message).toContain(first.headers.get('x-request-id'));
    expect((await ask(gateway, 'x'.repeat(256))).status).toBe(400);
    expect((await ask(gateway, 'a b')).status).toBe(400);
    expect(backend.posts()).toHaveLength(1);
  });

  it('of another caller has nothing to do with it', async () => {
    const keys = 'keys:\n  - {name: ann, key_env_var: ANN}\n  - {name: bob, key_env_var: BOB}\n';
    const { backend, gateway } = await start([{ content: 'for ann' }, { content: 'for bob' }], keys, {
      ANN: 'sk-ann-0123456789',
      BOB: 'sk-bob-0123456789',
    });
    const answers = ['sk-ann-0123456789', 'sk-bob-0123456789'].map(async (key, at) => {
      await sleep(at * 200);
      return (await ask(gateway, 'k', {}, { authorization: `Bearer ${key}` })).text();
    });
    expect((await Promise.all(answers)).map((text) => /for \w+/.exec(text)?.[0])).toEqual(['for ann', 'for bob']);
    expect(backend.posts()).toHaveLength(2);
  });

  it('is forgotten after its time, and where answers are too large, and with keep: 0', async () => {
    const short = await start([{ content: 'one' }, { content: 'two' }], 'idempotency: {keep: 0.2}');
    await ask(short.gateway, 'k');
    await sleep(300);
    expect(await (await ask(short.gateway, 'k')).text()).toContain('two');
    const small = await start(
      [{ content: 'x'.repeat(5000) }, { content: 'two' }],
      'idempotency: {max_answer_bytes: 1000}',
    );
    expect(await (await ask(small.gateway, 'k')).text()).toContain('x'.repeat(5000));
    expect(await (await ask(small.gateway, 'k')).text()).toContain('two');
    const off = await start([{ content: 'one' }, { content: 'two' }], 'idempotency: {keep: 0}');
    await ask(off.gateway, 'k');
    expect(await (await ask(off.gateway, 'k')).text()).toContain('two');
  });

  it('gives a large stream whole to those who have begun, and to nobody else', async () => {
    const content = Array.from({ length: 40 }, (_, at) => `word${at}${'y'.repeat(100)}`).join(' ');
    const { gateway } = await start([{ content, chunk_delay_ms: 10 }], 'idempotency: {max_answer_bytes: 1000}');
    const first = await ask(gateway, 'k', { stream: true });
    const reader = first.body?.getReader();
    let text = '';
    for (let piece = await reader?.read(); piece?.value; piece = await reader?.read()) {
      const isBegun = text.length > 3000;
      text += Buffer.from(piece.value).toString();
      if (isBegun || text.length <= 3000) continue;
      const late = await ask(gateway, 'k', { stream: true });
      expect(late.status).toBe(409);
      expect(late.headers.get('x-should-retry')).toBe('false');
    }
    expect(text).toContain('word39');
    expect(text).toContain('[DONE]');
  });
});
