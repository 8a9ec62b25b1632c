import { describe, expect, test } from 'vitest';
import { readAllowedHost } from './page-policy.ts';
import { get, portOf, serve, serveText } from './test-pages.ts';

describe('which hosts are fetched', () => {
  test.each([
    ...['127.0.0.1', 'localhost', '[::1]', '[::ffff:127.0.0.1]', '2130706433', '0x7f.1', '0177.1'],
    ...['0.0.0.0', '[::]', '10.0.0.1', '169.254.169.254', '[fe80::1]', '[fd00::1]', '[64:ff9b::7f00:1]'],
  ])('never %s', async (hostname) => {
    const requests: unknown[] = [];
    const port = portOf(await serve((request, response) => response.end(String(requests.push(request.url)))));
    const page = await get(`http://${hostname}:${port}/`, { allowHosts: [] });
    expect(page).toMatchObject({ fetched: false, reason: 'blocked', url: `http://${hostname}:${port}/` });
    expect(requests).toEqual([]);
  });

  test('a name only if every one of its addresses is public, and the message tells none of them', async () => {
    const resolve = async () => ['93.184.215.14', '10.1.2.3'];
    const page = await get('http://pages.test/', { resolve, allowHosts: ['127.0.0.1'] });
    expect(page).toMatchObject({ fetched: false, reason: 'blocked' });
    expect(JSON.stringify(page)).not.toContain('10.1.2.3');
  });

  test('an exception holds for exactly its host and port', async () => {
    const host = await serveText('yes');
    const port = portOf(host);
    const fetched = async (allowed: string, url = `http://${host}/`) =>
      (await get(url, { allowHosts: [allowed] })).fetched;
    expect(await fetched('127.0.0.1')).toBe(true);
    expect(await fetched(host)).toBe(true);
    expect(await fetched(`127.0.0.1:${port === 80 ? 81 : 80}`)).toBe(false);
    expect(await fetched('127.0.0.2')).toBe(false);
    expect(await fetched('localhost')).toBe(false);
    expect(await fetched('localhost', `http://localhost:${port}/`)).toBe(true);
    expect(await fetched('ocalhost', `http://localhost:${port}/`)).toBe(false);
    expect(await fetched('LOCALHOST', `http://localhost:${port}/`)).toBe(true);
  });

  test('an exception that can not be read is the caller’s error', async () => {
    await expect(get('http://a.test/', { allowHosts: ['http://a.test'] })).rejects.toThrow(/allowHosts/);
    expect(readAllowedHost('[::1]:8080')).toEqual({ hostname: '[::1]', port: 8080 });
    expect(readAllowedHost('A.Test')).toEqual({ hostname: 'a.test', port: undefined });
    for (const bad of ['', 'a/b', 'a:0', 'a:65536', 'a:b', 'a b', '::1', 'u@a', '*']) {
      expect([bad, readAllowedHost(bad)?.hostname]).toEqual([bad, bad === '*' ? '*' : undefined]);
    }
  });

  test('the connection goes to the address that was checked, although the name has another one by then', async () => {
    const host = await serveText('checked');
    const port = portOf(host);
    await serve((_request, response) => response.end('changed'), port, '127.0.0.2');
    const asked: string[] = [];
    const resolve = async (name: string) => [asked.push(name) === 1 ? '127.0.0.1' : '127.0.0.2'];
    const page = await get(`http://rebinding.test:${port}/`, { resolve, allowHosts: [`rebinding.test:${port}`] });
    expect(page).toMatchObject({ fetched: true, text: 'checked' });
    expect(asked).toEqual(['rebinding.test']);
  });

  test('the next of the checked addresses is tried where one does not answer', async () => {
    const port = portOf(await serveText('second'));
    const resolve = async () => ['127.0.0.3', '127.0.0.1'];
    const page = await get(`http://two.test:${port}/`, { resolve, allowHosts: ['two.test'] });
    expect(page).toMatchObject({ fetched: true, text: 'second' });
  });

  test.each([
    ['ftp://example.org/a', 'blocked'],
    ['file:///etc/passwd', 'blocked'],
    ['http://user:word@127.0.0.1/', 'blocked'],
    ['http://127.0.0.1:25/', 'blocked'],
    ['http://', 'invalid_url'],
    ['nonsense', 'invalid_url'],
  ])('not %s', async (url, reason) => expect(await get(url)).toMatchObject({ fetched: false, url, reason }));

  test('a name without an address', async () => {
    const fail = async () => Promise.reject(new Error('ENOTFOUND'));
    expect(await get('http://a.test', { resolve: fail })).toMatchObject({ reason: 'unresolved' });
    expect(await get('http://a.test', { resolve: async () => [] })).toMatchObject({ reason: 'unresolved' });
    expect(await get('http://a.test', { resolve: async () => ['nonsense'] })).toMatchObject({ reason: 'unresolved' });
  });
});

describe('redirects', () => {
  const redirect = (location: string | undefined, status = 302) =>
    serve((_request, response) => response.writeHead(status, location === undefined ? {} : { location }).end());

  test('are followed three times and no more', async () => {
    const host = await serve((request, response) => {
      const left = Number(request.url?.slice(1));
      if (left > 0) response.writeHead(307, { location: `/${left - 1}` }).end('moved');
      else response.end('there');
    });
    expect(await get(`http://${host}/3`)).toMatchObject({ fetched: true, text: 'there', url: `http://${host}/0` });
    expect(await get(`http://${host}/4`)).toMatchObject({
      fetched: false,
      reason: 'redirects',
      url: `http://${host}/4`,
    });
  });

  test('to another port, address, name or scheme are checked like the first URL', async () => {
    const requests: unknown[] = [];
    const inner = portOf(await serve((request, response) => response.end(String(requests.push(request.url)))));
    const resolve = async (name: string) => (name === 'public.test' ? ['127.0.0.1'] : ['127.0.0.1', '93.184.215.14']);
    const targets = [
      'http://127.0.0.1',
      'http://[::ffff:127.0.0.1]',
      'http://localhost',
      '//inner.test',
      'http://public.test',
    ];
    for (const target of [
      ...targets.map((origin) => `${origin}:${inner}/`),
      'file:///etc/passwd',
      'ftp://public.test/',
    ]) {
      const host = await redirect(target);
      const url = `http://public.test:${portOf(host)}/`;
      const page = await get(url, { resolve, allowHosts: [`public.test:${portOf(host)}`] });
      expect([target, page]).toMatchObject([target, { fetched: false, reason: 'blocked', url }]);
    }
    expect(requests).toEqual([]);
  });

  test.each([undefined, '', 'http://', 'http://[nonsense/'])('to %j end the fetch', async (location) => {
    const host = await redirect(location, 301);
    expect(await get(`http://${host}`)).toMatchObject({ fetched: false, reason: 'redirects' });
  });
});
