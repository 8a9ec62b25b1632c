import type { RequestListener } from 'node:http';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { get, serve, serveText } from './test-pages.ts';

describe('limits', () => {
  /** Writes pieces as long as the connection takes them. */
  const endless =
    (
      piece: Buffer,
      headers: Record<string, string>,
      written: { bytes: number },
      start = Buffer.alloc(0),
    ): RequestListener =>
    (_request, response) => {
      response.writeHead(200, headers).write(start);
      const more = () => {
        let room = true;
        while (room && !response.destroyed) {
          room = response.write(piece);
          written.bytes += piece.length;
        }
      };
      response.on('drain', more).on('error', () => {});
      more();
    };

  test('reading stops at the byte limit, also of an endless body', async () => {
    const written = { bytes: 0 };
    const piece = Buffer.alloc(65_536, 'a');
    const host = await serve(endless(piece, { 'content-type': 'text/plain' }, written));
    const page = await get(`http://${host}`, { maximumBytes: 100_000 });
    expect(page).toMatchObject({ fetched: true, truncated: true, text: 'a'.repeat(100_000) });
    expect(written.bytes).toBeLessThan(50_000_000);
  });

  test('exactly the limit is no cut, and a cut inside a character leaves that out', async () => {
    const host = await serveText('ééé');
    expect(await get(`http://${host}`, { maximumBytes: 6 })).toMatchObject({ text: 'ééé', truncated: false });
    expect(await get(`http://${host}`, { maximumBytes: 5 })).toMatchObject({ text: 'éé', truncated: true });
  });

  test.each<[string, (text: Buffer) => Buffer]>([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ])('what %s holds counts as it comes out', async (encoding, compress) => {
    const headers = { 'content-type': 'text/plain', 'content-encoding': encoding };
    const bomb = compress(Buffer.alloc(200_000_000, 'a'));
    const host = await serve((request, response) =>
      response.writeHead(200, headers).end(request.url === '/bomb' ? bomb : compress(Buffer.from('small'))),
    );
    expect(await get(`http://${host}/`)).toMatchObject({ text: 'small', truncated: false });
    const before = process.memoryUsage().arrayBuffers;
    const page = await get(`http://${host}/bomb`, { maximumBytes: 300_000 });
    expect(page).toMatchObject({ fetched: true, truncated: true, text: 'a'.repeat(300_000) });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50_000_000);
  });

  test('a compressed body that is endless and gives nothing is cut as well, and what came before is kept', async () => {
    const written = { bytes: 0 };
    const start = gzipSync(Buffer.from('a start'));
    const nothing = Buffer.concat(Array.from({ length: 1000 }, () => gzipSync('')));
    const headers = { 'content-type': 'text/plain', 'content-encoding': 'gzip' };
    const host = await serve(endless(nothing, headers, written, start));
    const page = await get(`http://${host}`, { maximumBytes: 100_000 });
    expect(page).toMatchObject({ fetched: true, truncated: true, text: 'a start' });
  });

  test.each(['zip', 'gzip, gzip'])('compression of an unknown kind: %s', async (encoding) => {
    const host = await serve((_request, response) =>
      response.writeHead(200, { 'content-encoding': encoding }).end('x'),
    );
    expect(await get(`http://${host}`)).toMatchObject({ fetched: false, reason: 'encoding' });
  });

  test('compression that is broken', async () => {
    const host = await serve((_request, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end('x'.repeat(99)),
    );
    expect(await get(`http://${host}`)).toMatchObject({ fetched: false, reason: 'encoding' });
  });

  test.each(['', 'gzip'])('a slow drip ends at the time limit, and so does its connection (%j)', async (encoding) => {
    let closed = () => {};
    const gone = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const host = await serve((request, response) => {
      response.writeHead(200, { 'content-type': 'text/plain', 'content-encoding': encoding || 'identity' });
      const start = encoding ? gzipSync('').subarray(0, 12) : Buffer.alloc(0);
      response.write(start);
      const timer = encoding ? undefined : setInterval(() => response.write('.'), 20);
      request.socket.on('close', () => {
        clearInterval(timer);
        closed();
      });
    });
    expect(await get(`http://${host}`, { timeoutMs: 300 })).toMatchObject({ fetched: false, reason: 'timeout' });
    await gone;
  });

  test('silence, a slow look-up and slow redirects share the one time limit', async () => {
    const silent = await serve(() => {});
    expect(await get(`http://${silent}`, { timeoutMs: 200 })).toMatchObject({ reason: 'timeout' });
    const never = () => new Promise<string[]>(() => {});
    expect(await get('http://a.test', { timeoutMs: 200, resolve: never })).toMatchObject({ reason: 'timeout' });
    const slow = await serve((_request, response) => {
      setTimeout(() => response.writeHead(302, { location: '/' }).end(), 200);
    });
    expect(await get(`http://${slow}`, { timeoutMs: 500 })).toMatchObject({ reason: 'timeout' });
  });

  test('the client’s leaving rejects with its reason and ends the connection', async () => {
    const leaving = new AbortController();
    let closed = () => {};
    const gone = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const host = await serve((request, response) => {
      response.writeHead(200, { 'content-type': 'text/plain' }).write('begun');
      request.socket.on('close', closed);
      setTimeout(() => leaving.abort(new Error('the client left')), 50);
    });
    await expect(get(`http://${host}`, {}, leaving.signal)).rejects.toThrow('the client left');
    await gone;
    await expect(get(`http://${host}`, {}, leaving.signal)).rejects.toThrow('the client left');
  });
});
