import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { WebSearchConfig } from '../../config/approaches-config.ts';
import { serve } from '../web/test-pages.ts';
import { type SearchOptions, searchWeb } from './search-web.ts';
import { found, type SearchReply, searchKey, startSearch } from './test-search.ts';

const page = 'https://example.com/a';

async function search(reply: SearchReply, config: Partial<WebSearchConfig> = {}, options: Partial<SearchOptions> = {}) {
  const server = await startSearch(reply, config);
  const all = { config: server.config, query: 'what is new?', count: 10, timeoutMs: 5000, patienceMs: 1, ...options };
  return { ...server, outcome: await searchWeb(all, new AbortController().signal) };
}

describe('the wire format', () => {
  const result = { url: page, title: 'One' };
  const expected = [{ url: page, title: 'One', snippet: 'some text' }];

  test('of Brave', async () => {
    const answer = { type: 'search', web: { type: 'search', results: [{ ...result, description: 'some  text' }] } };
    const { asked, outcome } = await search(() => answer, { provider: 'brave' }, { count: 7 });
    expect(outcome).toEqual({ found: true, results: expected });
    const [one] = asked;
    expect([one?.method, one?.url.pathname]).toEqual(['GET', '/res/v1/web/search']);
    expect(Object.fromEntries(one?.url.searchParams ?? [])).toMatchObject({ q: 'what is new?', count: '7' });
    expect(one?.headers).toMatchObject({ 'x-subscription-token': searchKey, accept: 'application/json' });
    expect(one?.headers).not.toHaveProperty('authorization');
  });

  test('of Brave where there is nothing', async () => {
    const { outcome } = await search(() => ({ type: 'search', query: {} }), { provider: 'brave' });
    expect(outcome).toEqual({ found: true, results: [] });
  });

  test('of Tavily', async () => {
    const answer = { query: 'q', results: [{ ...result, content: 'some text', score: 0.9 }] };
    const { asked, outcome } = await search(() => answer, { provider: 'tavily' }, { count: 7 });
    expect(outcome).toEqual({ found: true, results: expected });
    const [one] = asked;
    expect([one?.method, one?.url.pathname, one?.url.search]).toEqual(['POST', '/search', '']);
    expect(JSON.parse(one?.body ?? '')).toEqual({ query: 'what is new?', max_results: 7 });
    expect(one?.headers).toMatchObject({
      authorization: `Bearer ${searchKey}`,
      'content-type': 'application/json',
    });
  });

  test('of SearXNG, which gives more than are wanted', async () => {
    const answer = { results: [{ ...result, content: 'some text' }, { url: `${page}b` }, { url: `${page}c` }] };
    const { asked, outcome } = await search(() => answer, { apiKey: undefined }, { count: 2 });
    expect(outcome).toEqual({ found: true, results: [...expected, { url: `${page}b`, title: '', snippet: '' }] });
    const [one] = asked;
    expect([one?.method, one?.url.pathname]).toEqual(['GET', '/search']);
    expect(Object.fromEntries(one?.url.searchParams ?? [])).toEqual({ q: 'what is new?', format: 'json' });
    expect(one?.headers).not.toHaveProperty('authorization');
  });

  test('a key for what stands before SearXNG, and a path of the base URL', async () => {
    const server = await startSearch(() => found(page));
    const config = { ...server.config, baseUrl: `${server.config.baseUrl}/sub/place` };
    const signal = new AbortController().signal;
    const outcome = await searchWeb({ config, query: 'x', count: 5, timeoutMs: 5000 }, signal);
    expect(outcome.found).toBe(true);
    expect(server.asked[0]?.url.pathname).toBe('/sub/place/search');
    expect(server.asked[0]?.headers.authorization).toBe(`Bearer ${searchKey}`);
  });

  test('results without a usable URL are left out, and each URL stands once', async () => {
    const bad = [null, 7, {}, { url: 'ftp://example.com/' }, { url: 'javascript:alert(1)' }, { url: '/relative' }];
    const urls = [{ url: `${page}#one` }, { url: `${page}#two` }, { url: 'http://EXAMPLE.com' }];
    const { outcome } = await search(() => ({ results: [...bad, ...urls] }));
    expect(outcome).toMatchObject({ results: [{ url: page }, { url: 'http://example.com/' }] });
  });

  test('a compressed answer is read', async () => {
    const { outcome } = await search((_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(JSON.stringify(found(page))));
    });
    expect(outcome).toMatchObject({ found: true, results: [{ url: page }] });
  });
});

describe('what goes wrong', () => {
  const status = (code: number, headers = {}): SearchReply => {
    return (asked, response) => {
      response.writeHead(code, headers).end(`the key ${asked.headers.authorization} is no good`);
    };
  };
  const text = (body: string): SearchReply => {
    return (_, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end(body);
  };

  test.each<[string, SearchReply, Partial<WebSearchConfig>, RegExp]>([
    ['a refused key', status(401), { provider: 'tavily' }, /401.*refuses the key/],
    ['no key', status(401), { provider: 'brave', apiKey: undefined }, /401.*none is set/],
    ['a forbidden search', status(403), { provider: 'brave' }, /403/],
    ['JSON that is not enabled', status(403), { provider: 'searxng' }, /403.*json.*search\.formats/],
    ['a used-up plan', status(432), { provider: 'tavily' }, /432.*plan/],
    ['too many searches', status(429), {}, /429/],
    ['a failing server', status(503), {}, /503/],
    ['a redirect', status(302, { location: 'http://127.0.0.1:1/' }), {}, /302.*redirect/],
    ['a page in place of JSON', text('<html>hello</html>'), {}, /no JSON/],
    ['JSON that is cut off', text('{"results": ['), {}, /no JSON/],
    ['JSON of something else', () => ({ web: {} }), { provider: 'brave' }, /no list/],
    ['an empty object', () => ({}), { provider: 'brave' }, /no list/],
    ['null', () => null, { provider: 'tavily' }, /no list/],
    ['no results field', () => ({ detail: 'x' }), { provider: 'searxng' }, /no list/],
    ['silent engines', () => ({ results: [], unresponsive_engines: [['g', 'CAPTCHA']] }), {}, /engines/],
    ['a huge answer', text(`{"results": [${'1,'.repeat(1_500_000)}1]}`), {}, /too large/],
    [
      'a broken connection',
      (_, response) => void response.writeHead(200).write('{', () => response.destroy()),
      {},
      /./,
    ],
    ['broken compression', (_, r) => void r.writeHead(200, { 'content-encoding': 'gzip' }).end('no gzip'), {}, /./],
  ])('%s is told, without the key', async (_, reply, config, told) => {
    const { outcome, host } = await search(reply, config);
    expect(outcome).toMatchObject({ found: false, host });
    expect(JSON.stringify(outcome)).toMatch(told);
    expect(JSON.stringify(outcome)).not.toContain(searchKey);
  });

  test('nobody listens', async () => {
    const { config } = await startSearch(() => undefined);
    const nobody = { ...config, baseUrl: 'http://127.0.0.1:1' };
    const signal = new AbortController().signal;
    const outcome = await searchWeb({ config: nobody, query: 'x', count: 5, timeoutMs: 5000 }, signal);
    expect(outcome).toEqual({ found: false, host: '127.0.0.1:1', why: expect.stringMatching(/reached/) });
  });

  test('a redirect leads nowhere', async () => {
    let visits = 0;
    const other = await serve((_request, response) => {
      visits++;
      response.end('{}');
    });
    await search((_, response) => void response.writeHead(307, { location: `http://${other}/` }).end());
    expect(visits).toBe(0);
  });

  test('a server that never answers is given up', async () => {
    const { outcome, asked } = await search(() => undefined, {}, { timeoutMs: 200 });
    expect(outcome).toMatchObject({ found: false, why: expect.stringMatching(/0\.2 seconds/) });
    await asked[0]?.closed;
  });

  test('a client that leaves ends the search', async () => {
    const { asked, config } = await startSearch(() => undefined);
    const client = new AbortController();
    const searching = searchWeb({ config, query: 'x', count: 5, timeoutMs: 30_000 }, client.signal);
    const caught = searching.catch((error: unknown) => error);
    while (asked.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    client.abort();
    expect(await caught).toMatchObject({ code: 'client_closed_request' });
    await asked[0]?.closed;
  });
});

describe('a 429', () => {
  const once = (headers: Record<string, string>): SearchReply => {
    return (_, response, turn) => (turn > 0 ? found(page) : void response.writeHead(429, headers).end());
  };

  test('is tried once more', async () => {
    const { outcome, asked } = await search(once({}));
    expect(outcome.found).toBe(true);
    expect(asked).toHaveLength(2);
    const often = await search((_, response) => void response.writeHead(429).end());
    expect(often.outcome.found).toBe(false);
    expect(often.asked).toHaveLength(2);
  });

  test('is waited for as long as it says, and not where that is too long', async () => {
    const before = performance.now();
    const { outcome } = await search(once({ 'retry-after': '1' }));
    expect(outcome.found).toBe(true);
    expect(performance.now() - before).toBeGreaterThan(900);
    const long = await search(once({ 'retry-after': '60' }));
    expect(long.outcome).toMatchObject({ found: false, why: expect.stringMatching(/429/) });
    expect(long.asked).toHaveLength(1);
  });
});
