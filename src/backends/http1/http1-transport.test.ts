import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import fc from 'fast-check';
import { EnvHttpProxyAgent } from 'undici';
import { afterEach, describe, expect, it } from 'vitest';
import type { Transport, UpstreamExchange, UpstreamRequest } from '../transport.ts';
import { UndiciTransport } from '../undici-transport.ts';
import { Http1Transport } from './http1-transport.ts';

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).toReversed()) await one.close();
});

interface Rig {
  readonly url: URL;
  readonly transport: Http1Transport;
  readonly oracle: Transport;
  /** Connections that were made. */
  connections: number;
}

/** A backend of raw bytes: what it does with each connection is said by the test. */
async function start(serve: (socket: Socket) => void, maximumConnections = 8): Promise<Rig> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    rig.connections++;
    sockets.add(socket.on('error', () => undefined).on('close', () => sockets.delete(socket)));
    serve(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const transport = new Http1Transport({ url, connectTimeoutMs: 2000, maximumConnections, keepAliveMs: 4000 });
  const oracle = new UndiciTransport(new EnvHttpProxyAgent({ noProxy: '*' }), url.origin);
  const rig: Rig = { url, transport, oracle, connections: 0 };
  open.push(
    {
      close: () => {
        for (const socket of sockets) socket.destroy();
        server.close();
      },
    },
    transport,
    oracle,
  );
  return rig;
}

interface Got {
  status: number;
  headers: Record<string, unknown>;
  body: string;
  ended: boolean;
  failure: string | undefined;
}

const post: UpstreamRequest = {
  method: 'POST',
  path: '/v1/x?y=1',
  headers: ['content-type', 'text/plain'],
  body: Buffer.from('question'),
  timeoutMs: 5000,
  timeoutKind: 'total',
};

function ask(
  transport: Transport,
  request: Partial<UpstreamRequest> = {},
  onData?: (exchange: UpstreamExchange) => void,
) {
  let exchange = undefined as unknown as UpstreamExchange; // it is there before the handler is told anything
  const done = new Promise<Got>((resolve) => {
    const got: Got = { status: 0, headers: {}, body: '', ended: false, failure: undefined };
    exchange = transport.send(
      { ...post, ...request },
      {
        head: (status, headers) => Object.assign(got, { status, headers: { ...headers } }),
        data: (chunk) => {
          got.body += chunk.toString('latin1');
          onData?.(exchange);
        },
        end: () => resolve({ ...got, ended: true }),
        fail: ({ failure }) => resolve({ ...got, failure }),
      },
    );
  });
  return { done, exchange };
}

/** Answers each request of a connection, which is whole when its body has come. */
function answering(answer: (count: number, head: string) => string | Buffer | undefined) {
  return (socket: Socket) => {
    let text = '';
    let count = 0;
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      if (!text.includes('\r\n\r\n') || !text.endsWith('question')) return;
      const reply = answer(++count, text);
      text = '';
      if (reply === undefined) socket.destroy();
      else socket.write(reply);
    });
  };
}

const ok = (body: string, more = '') => `HTTP/1.1 200 OK\r\n${more}content-length: ${body.length}\r\n\r\n${body}`;

describe('Http1Transport', () => {
  it('sends what it is given, and uses a connection again', async () => {
    const heads: string[] = [];
    const rig = await start(
      answering((count, head) => {
        heads.push(head);
        return ok(`answer ${count}`);
      }),
    );
    for (const count of [1, 2, 3]) {
      expect(await ask(rig.transport).done).toMatchObject({ status: 200, body: `answer ${count}`, ended: true });
    }
    expect(rig.connections).toBe(1);
    expect(heads[0]).toBe(
      `POST /v1/x?y=1 HTTP/1.1\r\nhost: ${rig.url.host}\r\nconnection: keep-alive\r\ncontent-type: text/plain\r\ncontent-length: 8\r\n\r\nquestion`,
    );
  });

  it('reads what undici reads', async () => {
    let reply = '';
    let cuts: readonly number[] = [];
    const rig = await start((socket) => {
      socket.once('data', async () => {
        const bytes = Buffer.from(reply, 'latin1');
        const places = [...new Set(cuts.map((cut) => cut % bytes.length)), bytes.length].toSorted((a, b) => a - b);
        let from = 0;
        for (const place of places) {
          socket.write(bytes.subarray(from, place));
          from = place;
          await new Promise((resolve) => setImmediate(resolve));
        }
        socket.end();
      });
    });
    const body = fc.string({ unit: 'binary-ascii', maxLength: 60 });
    const framed = fc.oneof(
      body.map((text) => `content-length: ${text.length}\r\n\r\n${text}`),
      fc
        .array(body.filter((text) => text !== ''))
        .map(
          (texts) =>
            `transfer-encoding: chunked\r\n\r\n${texts.map((text) => `${text.length.toString(16)}\r\n${text}\r\n`).join('')}0\r\n\r\n`,
        ),
      body.map((text) => `connection: close\r\n\r\n${text}`),
      body.map((text) => `content-length: ${text.length + 1}\r\n\r\n${text}`),
      body.map((text) => `transfer-encoding: chunked\r\n\r\n${(text.length + 9).toString(16)}\r\n${text}`),
    );
    const cases = fc.tuple(fc.constantFrom(200, 201, 400, 429, 500, 503), framed, fc.array(fc.nat(), { maxLength: 4 }));
    await fc.assert(
      fc.asyncProperty(cases, async ([status, rest, places]) => {
        reply = `HTTP/1.1 ${status} Some Words\r\nX-One: 1\r\nx-two:  2\r\nx-two: 3\r\n${rest}`;
        cuts = places;
        const [ours, theirs] = [await ask(rig.transport).done, await ask(rig.oracle).done];
        expect(ours).toEqual({ ...theirs, headers: expect.objectContaining({ ...theirs.headers }) });
      }),
      { numRuns: 60 },
    );
  });

  it('does not send again what a reused connection lost', async () => {
    let seen = 0;
    const rig = await start(
      answering((count) => {
        seen++;
        return count === 1 ? ok('first') : undefined;
      }),
    );
    await ask(rig.transport).done;
    const { done, exchange } = ask(rig.transport);
    expect(await done).toMatchObject({ status: 0, failure: 'cut' });
    expect(exchange.reached).toBe(true);
    expect(seen).toBe(2);
  });

  it('leaves a connection that sent more than it was asked for', async () => {
    const rig = await start(answering(() => `${ok('mine')}${ok('of another')}`));
    expect(await ask(rig.transport).done).toMatchObject({ body: 'mine', ended: true });
    expect(await ask(rig.transport).done).toMatchObject({ body: 'mine', ended: true });
    expect(rig.connections).toBe(2);
  });

  it('leaves a connection on which an answer comes that nobody asked for', async () => {
    const rig = await start((socket) => {
      answering(() => ok('mine'))(socket);
      setTimeout(() => socket.write(ok('unasked')), 60);
    });
    expect(await ask(rig.transport).done).toMatchObject({ body: 'mine' });
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await ask(rig.transport).done).toMatchObject({ body: 'mine' });
    expect(rig.connections).toBe(2);
  });

  it('keeps a connection for no longer than the backend says', async () => {
    const rig = await start(answering(() => ok('x', 'keep-alive: timeout=1\r\n')));
    await ask(rig.transport).done;
    await ask(rig.transport).done;
    expect(rig.connections).toBe(2);
  });

  it('lets requests wait where no more connections may be opened, and passes over those that were given up', async () => {
    const rig = await start(
      answering((_, head) => ok(/who: (\w+)/.exec(head)?.[1] ?? '')),
      1,
    );
    const asked = ['a', 'b', 'c', 'd'].map((who) => ask(rig.transport, { headers: ['who', who] }));
    asked[2]?.exchange.abort();
    const answers = await Promise.all([asked[0], asked[1], asked[3]].map((one) => one?.done));
    expect(answers.map((got) => got?.body)).toEqual(['a', 'b', 'd']);
    expect(rig.connections).toBe(1);
    expect(asked[2]?.exchange.reached).toBe(false);
  });

  it('closes the socket of what is given up, at any moment', async () => {
    let closed = 0;
    const rig = await start((socket) => {
      socket.on('close', () => closed++);
      socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nsome'));
    });
    ask(rig.transport).exchange.abort();
    ask(rig.transport, {}, (exchange) => exchange.abort());
    await expect.poll(() => closed).toBeGreaterThanOrEqual(1);
    await rig.transport.close();
  });

  it('stops reading while it is paused', async () => {
    const whole = 'x'.repeat(8_000_000);
    let sent = 0;
    const rig = await start((socket) => {
      socket.once('data', () => {
        socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${whole.length}\r\n\r\n`);
        socket.write(whole, () => {
          sent = 1;
        });
      });
    });
    let isPaused = false;
    const { done, exchange } = ask(rig.transport, { timeoutKind: 'gap' }, (one) => {
      if (isPaused) return;
      isPaused = true;
      one.pause();
    });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(sent).toBe(0);
    exchange.resume();
    expect((await done).body.length).toBe(whole.length);
  });

  it.each(['total', 'gap'] as const)('ends a silent answer after its time (%s)', async (timeoutKind) => {
    const rig = await start((socket) =>
      socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nsome')),
    );
    expect(await ask(rig.transport, { timeoutMs: 150, timeoutKind }).done).toMatchObject({
      body: 'some',
      failure: 'timeout',
    });
  });

  it('says what kept it from connecting, and that nothing went out', async () => {
    const rig = await start(() => undefined);
    const at = (text: string) =>
      new Http1Transport({ url: new URL(text), connectTimeoutMs: 200, maximumConnections: 1, keepAliveMs: 4000 });
    const refused = ask(at('http://127.0.0.1:1'));
    expect(await refused.done).toMatchObject({ failure: 'refused' });
    expect(refused.exchange.reached).toBe(false);
    expect(await ask(at('http://no-such-host.invalid')).done).toMatchObject({ failure: 'name-not-found' });
    expect(await ask(at(`https://${rig.url.host}`)).done).toMatchObject({ failure: 'connect-timeout' });
  });

  it('lets no header end its line', async () => {
    const rig = await start(answering(() => ok('x')));
    expect(await ask(rig.transport, { headers: ['a', 'b\r\nevil: 1'] }).done).toMatchObject({ failure: 'protocol' });
    expect(rig.connections).toBe(0);
  });

  it('lets running exchanges end when it is closed, and takes no more', async () => {
    const rig = await start((socket) => socket.once('data', () => setTimeout(() => socket.write(ok('late')), 100)));
    const { done } = ask(rig.transport);
    await new Promise((resolve) => setTimeout(resolve, 30));
    const closing = rig.transport.close();
    expect(await ask(rig.transport).done).toMatchObject({ failure: 'protocol' });
    expect(await done).toMatchObject({ body: 'late', ended: true });
    await closing;
  });
});
