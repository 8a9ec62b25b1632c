import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TransportError } from '../transport.ts';
import { ResponseParser } from './response-parser.ts';

interface Read {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly body: string;
  readonly isDone: boolean;
  readonly keepsAlive: boolean;
}

/** Reads bytes that come in these pieces; with `ends` the connection is closed behind them. */
function read(pieces: readonly Buffer[], ends = false): Read {
  let status = 0;
  let headers: Record<string, unknown> = {};
  const body: Buffer[] = [];
  const parser = new ResponseParser({
    head: (code, given) => {
      status = code;
      headers = { ...given };
    },
    body: (piece) => void body.push(Buffer.from(piece)),
  });
  for (const piece of pieces) parser.push(piece);
  if (ends) parser.finish();
  const { isDone, keepsAlive } = parser;
  return { status, headers, body: Buffer.concat(body).toString('latin1'), isDone, keepsAlive };
}

function split(text: string, cuts: readonly number[]): Buffer[] {
  const bytes = Buffer.from(text, 'latin1');
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].toSorted((a, b) => a - b);
  return [...places, bytes.length].map((place, at) => bytes.subarray(at === 0 ? 0 : places[at - 1], place));
}

const name = fc.stringMatching(/^x-[a-z0-9]{1,8}$/);
const value = fc.stringMatching(/^[!-~]([ -~]{0,20}[!-~])?$/);
const framing = fc.constantFrom('length' as const, 'chunked' as const, 'close' as const);

describe('ResponseParser', () => {
  it('reads the same answer however its bytes are cut', () => {
    const answers = fc.record({
      status: fc.integer({ min: 200, max: 599 }).filter((status) => status !== 204 && status !== 304),
      headers: fc.uniqueArray(fc.tuple(name, value), { selector: ([key]) => key, maxLength: 6 }),
      chunks: fc.array(fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 40 }), { maxLength: 6 }),
      framing,
      cuts: fc.array(fc.nat(), { maxLength: 12 }),
    });
    fc.assert(
      fc.property(answers, ({ status, headers, chunks, framing: how, cuts }) => {
        const body = chunks.join('');
        const lines = headers.map(([key, text]) => `${key}: ${text}\r\n`).join('');
        const frame = {
          length: `content-length: ${body.length}\r\n`,
          chunked: 'Transfer-Encoding: chunked\r\n',
          close: '',
        };
        const sent =
          how === 'chunked'
            ? `${chunks.map((chunk) => `${chunk.length.toString(16)};a=b\r\n${chunk}\r\n`).join('')}0\r\nt: 1\r\n\r\n`
            : body;
        const text = `HTTP/1.1 ${status} Fine\r\n${lines}${frame[how]}\r\n${sent}`;
        const got = read(split(text, cuts), how === 'close');
        expect(got).toMatchObject({ status, body, isDone: true, keepsAlive: how !== 'close' });
        for (const [key, written] of headers) expect(got.headers[key]).toBe(written);
      }),
    );
  });

  it('keeps a header that came several times as a list, and skips interim answers', () => {
    const text =
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nlink: a\r\n\r\nHTTP/1.1 200 OK\r\nA: 1\r\na: 2\r\nA:3\r\ncontent-length: 0\r\n\r\n';
    const got = read([Buffer.from(text)]);
    expect(got).toMatchObject({ status: 200, headers: { a: ['1', '2', '3'] }, isDone: true, keepsAlive: true });
    expect(got.headers).not.toHaveProperty('link');
  });

  it.each([
    ['HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n', false],
    ['HTTP/1.1 200 OK\r\nConnection: Keep-Alive, Close\r\ncontent-length: 0\r\n\r\n', false],
    ['HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n', false],
    ['HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 0\r\n\r\n', true],
    ['HTTP/1.1 204 No Content\r\n\r\n', true],
    ['HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n', true],
    ['HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nab', false],
    ['HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n', false],
  ])('%j: kept for the next request: %s', (text, isKept) => {
    expect(read([Buffer.from(text)])).toMatchObject({ isDone: true, keepsAlive: isKept });
  });

  it.each([
    'ICY 200 OK\r\n\r\n',
    'HTTP/2 200\r\n\r\n',
    'HTTP/1.1 20 OK\r\n\r\n',
    'HTTP/1.1 2000 OK\r\n\r\n',
    'HTTP/1.1  200 OK\r\n\r\n',
    ' HTTP/1.1 200 OK\r\n\r\n',
    '\r\nHTTP/1.1 200 OK\r\n\r\n',
    'HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\n',
    'HTTP/1.1 200 OK\r\nno colon\r\n\r\n',
    'HTTP/1.1 200 OK\r\na : 1\r\n\r\n',
    'HTTP/1.1 200 OK\r\n: 1\r\n\r\n',
    'HTTP/1.1 200 OK\r\na: 1\r\n folded\r\n\r\n',
    'HTTP/1.1 200 OK\r\na: 1\n\r\n\r\n',
    'HTTP/1.1 200 OK\r\na: 1\u0000\r\n\r\n',
    'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab',
    'HTTP/1.1 200 OK\r\ncontent-length: 1, 1\r\n\r\na',
    'HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n',
    'HTTP/1.1 200 OK\r\ncontent-length: +1\r\n\r\na',
    'HTTP/1.1 200 OK\r\ncontent-length: 0x1\r\n\r\na',
    'HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\na',
    'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked, chunked\r\n\r\n0\r\n\r\n',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: identity\r\n\r\n',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\ng\r\n\r\n',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-1\r\n\r\n',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n\r\n',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1_\r\na\r\n0\r\n\r\n',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n',
    `HTTP/1.1 200 OK\r\na: ${'b'.repeat(20_000)}\r\n\r\n`,
    `HTTP/1.1 200 OK\r\na: ${'b'.repeat(20_000)}`,
    `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;${'x'.repeat(2000)}`,
    `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\na: ${'b'.repeat(20_000)}`,
  ])('refuses %j', (text) => {
    const pieces = Buffer.from(text, 'latin1');
    expect(() => read([pieces])).toThrow(TransportError);
    const byByte = Array.from(pieces, (byte) => Buffer.of(byte));
    if (text.length < 1000) expect(() => read(byByte)).toThrow(TransportError);
  });

  it.each([
    'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nabcd',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nabc',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nabcde\r\n',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n',
    'HTTP/1.1 200 OK\r\n',
  ])('does not take %j for whole', (text) => {
    expect(read([Buffer.from(text)], true).isDone).toBe(false);
  });
});
