import { describe, expect, test } from 'vitest';
import { get, serve, serveText } from './test-pages.ts';

describe('a page', () => {
  test('of HTML is its title and main text', async () => {
    const host = await serveText('<title>T</title><nav>no</nav><h1>Head</h1><p>Text', 'Text/HTML; charset=utf-8');
    expect(await get(`http://${host}/a?b=1#part`)).toEqual({
      ...{ fetched: true, url: `http://${host}/a?b=1`, title: 'T', text: '# Head\n\nText' },
      ...{ contentType: 'text/html', truncated: false },
    });
  });

  test.each(['application/json', 'application/ld+json', 'text/markdown', 'application/xml', 'text/csv', ''])(
    'of type %j is its text as it stands',
    async (type) => {
      const text = '{"a": ["<p>", 1]}';
      const host = await serve((_request, response) => {
        if (type !== '') response.setHeader('content-type', type);
        response.end(`${text}\n`);
      });
      expect(await get(`http://${host}`)).toMatchObject({ fetched: true, text, title: '', contentType: type });
    },
  );

  test.each<[string, string, Buffer]>([
    ['header', 'text/plain; charset="iso-8859-1"', Buffer.from('caf\xe9', 'latin1')],
    ['meta', 'text/html', Buffer.from('<meta charset=windows-1252>caf\xe9', 'latin1')],
    [
      'old meta',
      'text/html',
      Buffer.from('<meta http-equiv=Content-Type content="text/html; charset=latin1">caf\xe9', 'latin1'),
    ],
    ['header before meta', 'text/html;charset=utf-8', Buffer.from('<meta charset=latin1>café')],
    ['byte order mark', 'text/html;charset=latin1', Buffer.from('\ufeffcafé')],
    ['byte order mark of UTF-16', 'text/plain', Buffer.from('\ufeffcafé', 'utf16le')],
    ['XML', 'text/xml', Buffer.from('<?xml version="1.0" encoding="iso-8859-1"?>caf\xe9', 'latin1')],
    ['none, UTF-8', 'text/plain', Buffer.from('café')],
    ['none, not UTF-8', 'text/plain', Buffer.from('caf\xe9', 'latin1')],
    ['an unknown one', 'text/plain; charset=klingon', Buffer.from('café')],
  ])('is read in its charset: %s', async (_name, type, bytes) => {
    const host = await serve((_request, response) => response.writeHead(200, { 'content-type': type }).end(bytes));
    const page = await get(`http://${host}`);
    expect(page.fetched && page.text.replace(/<\?.*\?>/, '')).toBe('café');
  });
});

describe('what the server learns', () => {
  test('is the path and nothing about anybody, also after a redirect that sets a cookie', async () => {
    const seen: [string | undefined, string[]][] = [];
    const host = await serve((request, response) => {
      seen.push([request.url, Object.keys(request.headers).sort()]);
      if (request.url === '/a') response.writeHead(302, { location: '/b', 'set-cookie': 'id=1; Path=/' }).end();
      else response.writeHead(200, { 'content-type': 'text/plain' }).end(request.headers['accept-encoding']);
    });
    expect(await get(`http://${host}/a#fragment`)).toMatchObject({ text: 'identity' });
    const headers = ['accept', 'accept-encoding', 'connection', 'host', 'user-agent'];
    expect(seen).toEqual([
      ['/a', headers],
      ['/b', headers],
    ]);
  });

  test('no connection is kept, whatever came over it', async () => {
    const gone: Promise<unknown>[] = [];
    const host = await serve((request, response) => {
      gone.push(new Promise((resolve) => request.socket.on('close', resolve)));
      const type = request.url === '/picture' ? 'image/png' : 'text/plain';
      const moved = request.url === '/moved' ? { location: '/text' } : {};
      const headers = { 'content-type': type, connection: 'keep-alive', 'keep-alive': 'timeout=600', ...moved };
      response.writeHead(request.url === '/moved' ? 302 : 200, headers).end('a body');
    });
    for (const path of ['text', 'moved', 'picture']) await get(`http://${host}/${path}`);
    expect(gone).toHaveLength(4);
    await Promise.all(gone);
  });

  test('a proxy of the environment is not used', async () => {
    const asked: (string | undefined)[] = [];
    const proxy = await serve((request, response) => response.end(String(asked.push(request.url))));
    const host = await serveText('direct');
    const names = ['HTTP_PROXY', 'http_proxy', 'ALL_PROXY'];
    const before = names.map((name) => process.env[name]);
    for (const name of names) process.env[name] = `http://${proxy}`;
    try {
      expect(await get(`http://${host}`)).toMatchObject({ text: 'direct' });
    } finally {
      for (const [index, name] of names.entries()) {
        if (before[index] === undefined) delete process.env[name];
        else process.env[name] = before[index];
      }
    }
    expect(asked).toEqual([]);
  });
});

describe('what is no page', () => {
  test.each([404, 500, 304, 206])('status %i', async (status) => {
    const host = await serve((_request, response) =>
      response.writeHead(status, { 'content-type': 'text/plain' }).end(),
    );
    const reason = status === 206 ? 'empty' : 'status';
    expect(await get(`http://${host}`)).toMatchObject({ fetched: false, reason });
  });

  test.each(['image/png', 'application/pdf', 'application/octet-stream', 'video/mp4', 'nonsense'])(
    '%s',
    async (type) => {
      const host = await serveText('x', type);
      expect(await get(`http://${host}`)).toMatchObject({ fetched: false, reason: 'content_type' });
    },
  );

  test('bytes without a type that are no text', async () => {
    const host = await serve((_request, response) => response.end(Buffer.from([0x89, 0x50, 0, 1, 2])));
    expect(await get(`http://${host}`)).toMatchObject({ fetched: false, reason: 'content_type' });
  });

  test('nothing to read', async () => {
    const host = await serveText('<script>render()</script><div id=root></div>', 'text/html');
    expect(await get(`http://${host}`)).toMatchObject({ fetched: false, reason: 'empty' });
  });

  test('a refused connection, a broken one, and TLS that is none', async () => {
    const broken = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/plain', 'content-length': '100' }).write('half');
      setTimeout(() => response.destroy(), 50);
    });
    expect(await get(`http://${broken}`)).toMatchObject({ fetched: false, reason: 'connection' });
    expect(await get(`https://${broken}`)).toMatchObject({ fetched: false, reason: 'connection' });
    expect(await get('http://127.0.0.1:1/', { allowHosts: ['127.0.0.1:1'] })).toMatchObject({ reason: 'connection' });
  });
});
