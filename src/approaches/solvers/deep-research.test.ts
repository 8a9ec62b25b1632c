import { describe, expect, test } from 'vitest';
import { type ResearchScript, type ResearchStep, startResearch } from '../../../test/harness/research-script.ts';
import { found, type SearchReply } from '../search/test-search.ts';
import { serve } from '../web/test-pages.ts';
import { deepResearch } from './deep-research.ts';

/** Serves a page for every path, and gives its searches: a page for each query. */
async function library() {
  const visited: string[] = [];
  const host = await serve((request, response) => {
    visited.push(request.url ?? '');
    if (request.url?.includes('missing')) return response.writeHead(404).end();
    if (request.url === '/again') return response.writeHead(302, { location: '/one' }).end();
    const text = `<title>About ${request.url}</title><p>All of ${request.url}.</p>`;
    return response.writeHead(200, { 'content-type': 'text/html' }).end(text);
  });
  const pageFor = (query: string) => `http://${host}/${query.replaceAll(' ', '-')}`;
  const search: SearchReply = ({ query }) => found(pageFor(query));
  return { host, visited, pageFor, search };
}

const rated = (completeness: number | string, quality: number) =>
  `{"completeness": ${completeness}, "quality": ${quality}}`;
const sorted = (texts: readonly string[]) => texts.toSorted();
const twoFirst: ResearchStep[] = ['draft', 'queries'];
const round: ResearchStep[] = ['gaps', 'revision', 'rating'];

describe('deep_research', () => {
  test('drafts, searches, revises and reports, with the list of what was fetched', async () => {
    const { search, pageFor, visited } = await library();
    const rig = await startResearch({}, search);
    const { text, body, headers, finish } = await rig.solve('What is new?');
    const urls = ['one', 'two', 'three', 'gap 0'].map(pageFor);
    expect(text).toMatch(/^The report \[1\]\.\n\n/);
    const lines = text.split('\n').filter((line) => /^\d/.test(line));
    expect(lines.map((line) => line.split(' ').at(-1))).toEqual(urls);
    expect(lines[0]).toMatch(/^1\. About \/one/);
    expect(sorted(rig.steps().slice(0, 2))).toEqual(twoFirst);
    expect(rig.steps().slice(2)).toEqual([...round, 'report']);
    expect(sorted(rig.asked.map(({ query }) => query))).toEqual(['gap 0', 'one', 'three', 'two']);
    expect(sorted(visited)).toEqual(['/gap-0', '/one', '/three', '/two']);
    expect(headers).toMatchObject({ 'x-headrace-approach': 'deep_research', 'x-headrace-calls': '6' });
    expect(body.headrace).toMatchObject({ calls: 6, iterations: 1, scores: [{ completeness: 0.95, quality: 0.9 }] });
    expect(body.headrace.sources.map(({ url }: { url: string }) => url)).toEqual(urls);
    expect(body.usage).toMatchObject({ prompt_tokens: 60, completion_tokens: 18 });
    expect(finish.usage).toMatchObject({ totalTokens: 78 });
  });

  test('each step builds on what came before', async () => {
    const { search } = await library();
    const rig = await startResearch({ rating: (turn) => rated(turn === 0 ? 0.5 : 1, 0.5) }, search);
    await rig.solve('What is new?', { user: 'someone', stop: ['X'], seed: 5, max_tokens: 40 });
    const [gaps = '', later = ''] = rig.shown('gaps');
    expect(gaps).toContain('first draft');
    for (const query of ['one', 'two', 'three']) expect(gaps).toContain(query);
    expect(later).toContain('revision 0');
    const [revision = '', second = ''] = rig.shown('revision');
    for (const text of ['first draft', 'All of /one.', 'All of /gap-0.']) expect(revision).toContain(text);
    expect(revision).not.toContain('All of /gap-1.');
    for (const text of ['revision 0', 'All of /one.', 'All of /gap-1.']) expect(second).toContain(text);
    expect(second).toMatch(/source 5/);
    expect(rig.shown('rating')[1]).toContain('revision 1');
    const [report = ''] = rig.shown('report');
    for (const text of ['revision 1', 'All of /one.', 'All of /gap-1.']) expect(report).toContain(text);
    for (const call of rig.sent()) {
      expect(call.messages[0]).toEqual({ role: 'user', content: 'What is new?' });
      expect(call.user).toBe('someone');
      const isReport = call.temperature === 0.5;
      expect([call.stop, call.seed, call.max_tokens]).toEqual(
        isReport ? [['X'], 5, 40] : [undefined, undefined, undefined],
      );
    }
  });

  test('the temperature of the request or of the parameters is for the report alone', async () => {
    const { search } = await library();
    const rig = await startResearch({}, search, { parameters: { temperature: 0.9, helper_max_tokens: 70 } });
    await rig.solve('What is new?', { temperature: 1.1 });
    const heats = rig.sent().map(({ temperature }) => temperature);
    expect(heats.slice(0, 2).toSorted()).toEqual([0.1, 0.7]);
    expect(heats.slice(2)).toEqual([0.3, 0.6, 0.2, 0.9]);
    expect(rig.sent().map(({ max_tokens }) => max_tokens)).toEqual([70, 70, 70, 70, 70, undefined]);
  });

  test.each<[string, (turn: number) => string, number]>([
    ['enough at once', () => rated(0.91, 0.1), 1],
    ['not quite enough, and better each time', (turn) => rated(0.9, 0.1 + 0.2 * turn), 4],
    ['hardly better and rather complete', (turn) => rated(0.8, 0.5 + 0.02 * turn), 2],
    ['hardly better and not complete', () => rated(0.7, 0.5), 4],
    ['just so much better', (turn) => rated(0.8, 0.5 + 0.03 * turn), 4],
    ['enough later', (turn) => rated(turn < 2 ? 0.2 : 0.92, 0.5), 3],
    ['never readable', () => 'very good', 4],
  ])('stops by the scores: %s', async (_, rating, iterations) => {
    const { search } = await library();
    const rig = await startResearch({ rating }, search, { parameters: { iterations: 4 } });
    const { body } = await rig.solve('What is new?');
    expect(body.headrace.iterations).toBe(iterations);
    expect(rig.steps().slice(2)).toEqual([...Array.from({ length: iterations }, () => round).flat(), 'report']);
  });

  test('a rating that fails or is cut off stops nothing', async () => {
    const { search } = await library();
    const bad = [{ status: 404 }, { content: rated(1, 1), finish_reason: 'length' }];
    const rating: ResearchScript['rating'] = (turn) => bad[turn] ?? rated(1, 1);
    const rig = await startResearch({ rating }, search);
    const { body } = await rig.solve('What is new?');
    const none = { completeness: null, quality: null };
    expect(body.headrace.scores).toEqual([none, none, { completeness: 1, quality: 1 }]);
  });

  test('says beforehand how many calls it makes at most', () => {
    const most = (values: object) => deepResearch.maximumCalls(deepResearch.parameters.parse(values));
    expect([most({}), most({ iterations: 1 })]).toEqual([23, 7]);
  });

  test('a draft with no gaps is revised from what there is', async () => {
    const { search } = await library();
    const rig = await startResearch({ gaps: () => '**None.**' }, search);
    await rig.solve('What is new?');
    expect(rig.asked).toHaveLength(3);
    expect(rig.shown('revision')[0]).toContain('All of /one.');
  });

  test('no more than five queries a round, none twice', async () => {
    const { search } = await library();
    const queries = () => Array.from({ length: 9 }, (_, at) => `${at + 1}. query ${at}`).join('\n');
    const gaps = () => '- QUERY 1\n- query 1\n- "another"';
    const rig = await startResearch({ queries, gaps }, search);
    await rig.solve('What is new?');
    expect(sorted(rig.asked.map(({ query }) => query))).toEqual([
      'another',
      ...['query 0', 'query 1', 'query 2', 'query 3', 'query 4'],
    ]);
  });

  test('a model that lists sources of its own has them replaced', async () => {
    const { search, pageFor } = await library();
    const report = () =>
      'The report [99].\n\n## Sources\n\n[1] https://invented.example/\n[99] https://made-up.example/';
    const rig = await startResearch({ report, queries: () => '1. one', gaps: () => 'NONE' }, search);
    const { text } = await rig.solve('What is new?');
    expect(text).not.toMatch(/invented|made-up/);
    expect(text.match(/https?:\S+/g)).toEqual([pageFor('one')]);
  });

  test('pages that fail are no sources, and the same page is one only once', async () => {
    const { host, search, pageFor } = await library();
    const twice: SearchReply = (asked, response, turn) => {
      if (asked.query !== 'two') return search(asked, response, turn);
      return found(
        `http://${host}/missing`,
        pageFor('again'),
        pageFor('one'),
        `${pageFor('one')}#part`,
        'http://10.0.0.1/',
        'ftp://x/',
      );
    };
    const rig = await startResearch({ gaps: () => 'NONE' }, twice);
    const { body } = await rig.solve('What is new?');
    expect(body.headrace.sources.map(({ url }: { url: string }) => url)).toEqual(['one', 'three'].map(pageFor));
  });
});

describe('the sources of deep_research', () => {
  const many = (host: string): SearchReply => {
    return ({ query }) =>
      found(...Array.from({ length: 10 }, (_, at) => `http://${host}/${query.replaceAll(' ', '-')}/${at}`));
  };
  const paths = (body: { headrace: { sources: { url: string }[] } }) =>
    body.headrace.sources.map(({ url }) => new URL(url).pathname);

  test('are no more than wanted, with room for later rounds', async () => {
    const { host } = await library();
    const parameters = { max_sources: 8, iterations: 3 };
    const rig = await startResearch({ rating: () => rated(0.1, 0.1) }, many(host), { parameters });
    const { body } = await rig.solve('What is new?');
    expect(paths(body)).toEqual([
      ...['/one/0', '/two/0', '/three/0', '/one/1'],
      ...['/gap-0/0', '/gap-0/1', '/gap-0/2'],
      '/gap-1/0',
    ]);
    expect(rig.asked).toHaveLength(5); // none for the third round, which has no room
  });

  test('are taken from further down where the first can not be fetched', async () => {
    const { host } = await library();
    const missing = [1, 2, 3].map((at) => `http://${host}/missing-${at}`);
    const search: SearchReply = ({ query }) => found(...missing, `http://${host}/${query}`);
    const parameters = { max_sources: 3 };
    const rig = await startResearch({ queries: () => '1. one', gaps: () => 'NONE' }, search, { parameters });
    const { body } = await rig.solve('What is new?');
    expect(paths(body)).toEqual(['/one']);
  });

  test('share the characters that are shown', async () => {
    const host = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/plain' }).end('x'.repeat(5000));
    });
    const parameters = { max_characters: 1000 };
    const rig = await startResearch({ gaps: () => 'NONE' }, ({ query }) => found(`http://${host}/${query}`), {
      parameters,
    });
    await rig.solve('What is new?');
    const shown = rig.shown('report')[0]?.match(/x{50,}/g) ?? [];
    expect(shown.map((text) => text.length)).toEqual([333, 333, 334]);
  });
});
