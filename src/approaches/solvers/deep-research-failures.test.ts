import { describe, expect, test } from 'vitest';
import { type ResearchScript, startResearch } from '../../../test/harness/research-script.ts';
import { startSolving } from '../../../test/harness/solving.ts';
import { found, type SearchReply, searchKey } from '../search/test-search.ts';
import { serve, serveText } from '../web/test-pages.ts';
import { deepResearch } from './deep-research.ts';

const words = 'one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen';

async function pages(): Promise<SearchReply> {
  const host = await serveText('a page');
  return ({ query }) => found(`http://${host}/${query.replaceAll(' ', '-')}`);
}

const status = (code: number): SearchReply => {
  return (_, response) => void response.writeHead(code, { 'retry-after': '0' }).end(`no ${searchKey}`);
};

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe('searches that fail', () => {
  test('are left out of their round', async () => {
    const good = await pages();
    const reply: SearchReply = (asked, response, turn) =>
      asked.query === 'two' ? status(503)(asked, response, turn) : good(asked, response, turn);
    const rig = await startResearch({ gaps: () => 'NONE' }, reply);
    const { body } = await rig.solve('What is new?');
    const paths = body.headrace.sources.map(({ url }: { url: string }) => new URL(url).pathname);
    expect(paths).toEqual(['/one', '/three']);
    expect(rig.shown('gaps')[0]).not.toContain('two');
  });

  test('do not matter where those of the first gaps work', async () => {
    const good = await pages();
    const reply: SearchReply = (asked, response, turn) =>
      asked.query.startsWith('gap') ? good(asked, response, turn) : status(401)(asked, response, turn);
    const rig = await startResearch({}, reply);
    const { text } = await rig.solve('What is new?');
    expect(text).toMatch(/\/gap-0$/);
  });

  test.each<[string, SearchReply, RegExp]>([
    ['refused', status(401), /401/],
    ['too many', status(429), /429/],
    ['failing', status(503), /503/],
    ['nonsense', (_, response) => void response.end('<html>'), /JSON/],
    ['silent', () => undefined, /seconds/],
  ])('are an error that names the host where none ever worked: %s', async (_, reply, told) => {
    const rig = await startResearch({}, reply, { parameters: { timeout: 0.5 } });
    const caught = await rig.solve('What is new?').catch((error: unknown) => error);
    expect(caught).toMatchObject({ status: 502, code: 'upstream_error' });
    const { message, headers } = caught as { message: string; headers: unknown };
    expect(message).toContain(rig.searchHost);
    expect(message).toMatch(told);
    expect(message).not.toContain(searchKey);
    expect(headers).toContainEqual(['x-should-retry', 'false']);
    expect(rig.steps().toSorted()).toEqual(['draft', 'gaps', 'queries']);
  });

  test('that find nothing are no failure', async () => {
    const rig = await startResearch({ report: () => 'Nothing is known.' }, () => found());
    const { text, body } = await rig.solve('What is new?');
    expect(text).toBe('Nothing is known.');
    expect(body.headrace.sources).toEqual([]);
  });
});

describe('calls that fail', () => {
  test.each(['draft', 'queries', 'gaps', 'revision', 'report'] as const)(
    '%s: the error is the answer',
    async (step) => {
      const rig = await startResearch({ [step]: () => ({ status: 404 }) }, await pages());
      await expect(rig.solve('What is new?')).rejects.toMatchObject({ status: 404 });
    },
  );

  test.each(['draft', 'queries', 'gaps', 'revision'] as const)(
    '%s is asked for again where it is cut off',
    async (step) => {
      const cut = { content: 'cut', finish_reason: 'length' };
      const once: ResearchScript = { [step]: (turn: number) => (turn === 0 ? cut : '1. whole') };
      const rig = await startResearch(once, await pages());
      const { body } = await rig.solve('What is new?');
      expect(body.headrace.calls).toBe(7);
      expect(rig.shown('report')[0]).not.toContain('cut');
      const always = await startResearch({ [step]: () => cut }, await pages());
      await expect(always.solve('What is new?')).rejects.toMatchObject({ status: 502, code: 'upstream_error' });
    },
  );

  test('a report that is cut off says so, and has its list', async () => {
    const rig = await startResearch({ report: () => ({ content: 'The rep', finish_reason: 'length' }) }, await pages());
    const { body, text } = await rig.solve('What is new?', { max_tokens: 5 });
    expect(body.choices[0].finish_reason).toBe('length');
    expect(text).toMatch(/^The rep\n\n[^\n]+\n1\. http/);
  });
});

describe('a stream of deep_research', () => {
  const streaming = { stream: true, stream_options: { include_usage: true } };

  test('is the report as it comes, and then the list', async () => {
    const rig = await startResearch({ report: () => words }, await pages());
    const { text, body, events, finish } = await rig.solve('What is new?', streaming);
    expect(text.startsWith(`${words}\n\n`)).toBe(true);
    expect(text.match(/^\d\. http/gm)).toHaveLength(4);
    expect(rig.sent().map(({ stream }) => stream === true)).toEqual([false, false, false, false, false, true]);
    expect(body).not.toMatch(/first draft|revision 0/);
    // A text that was there as a whole would come in two pieces.
    expect(events.filter((event) => event.choices[0]?.delta.content).length).toBeGreaterThan(4);
    const [end, last] = events.slice(-2);
    expect(end).toMatchObject({
      choices: [{ delta: {}, finish_reason: 'stop' }],
      headrace: { calls: 6, iterations: 1 },
    });
    expect(last).toMatchObject({ choices: [], usage: { prompt_tokens: 60 } });
    expect(body).toMatch(/data: \[DONE\]\n\n$/);
    expect(finish).toMatchObject({ outcome: 'complete', usage: { totalTokens: 78 } });
  });

  test('that breaks ends in an error event, without a list', async () => {
    const report = () => ({ content: words, cut_after_chunks: 14 });
    const rig = await startResearch({ report }, await pages());
    const { text, body, events } = await rig.solve('What is new?', streaming);
    expect(events.at(-1)).toHaveProperty('error');
    expect(body).not.toContain('[DONE]');
    expect(text).not.toMatch(/http/);
  });

  test('keeps the status of an early failure', async () => {
    const rig = await startResearch({}, status(401));
    await expect(rig.solve('What is new?', streaming)).rejects.toMatchObject({ status: 502 });
  });

  test('shows life while it searches', async () => {
    const good = await pages();
    const slow: SearchReply = async (asked, response, turn) => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      return good(asked, response, turn);
    };
    const rig = await startResearch({}, slow, { keepAliveMs: 50 });
    const { body } = await rig.solve('What is new?', streaming);
    expect(body).toMatch(/^: keep-alive\n\n: keep-alive\n\n/);
  });
});

describe('the end of deep_research before its end', () => {
  test('a client that leaves ends the search, the pages and the calls', async () => {
    const rig = await startResearch({ draft: () => ({ hang: true }) }, () => undefined);
    const client = new AbortController();
    const caught = rig.solve('What is new?', {}, client.signal).catch((error: unknown) => error);
    await until(() => rig.asked.length === 3);
    client.abort();
    expect(await caught).toMatchObject({ code: 'client_closed_request' });
    await Promise.all(rig.asked.map(({ closed }) => closed));
    await Promise.all(rig.backend.posts().map(({ ended }) => ended));
    expect(rig.sent()).toHaveLength(2);

    let isClosed = false;
    let isAsked = false;
    const host = await serve((_request, response) => {
      isAsked = true;
      response.on('close', () => {
        isClosed = true;
      });
    });
    const reading = await startResearch({}, () => found(`http://${host}/`));
    const reader = new AbortController();
    const left = reading.solve('What is new?', {}, reader.signal).catch((error: unknown) => error);
    await until(() => isAsked);
    reader.abort();
    expect(await left).toMatchObject({ code: 'client_closed_request' });
    await until(() => isClosed);
  });

  test('a failed draft ends the searches beside it', async () => {
    const draft = () => ({ status: 404, delay_ms: 300 });
    const rig = await startResearch({ draft }, () => undefined);
    await expect(rig.solve('What is new?')).rejects.toMatchObject({ status: 404 });
    await Promise.all(rig.asked.map(({ closed }) => closed));
  });

  test('a spent budget gives the best draft, with its sources', async () => {
    const search = await pages();
    const first = await startResearch({ queries: () => ({ hang: true }) }, search, { budget: { deadlineMs: 600 } });
    const early = await first.solve('What is new?');
    expect([early.text, early.body.headrace.stopped]).toEqual(['first draft', 'deadline']);

    const rating: ResearchScript['rating'] = (turn) => `{"completeness": ${turn === 0 ? 0.6 : 0.4}, "quality": 0.5}`;
    const rig = await startResearch({ rating }, search, { budget: { maxCalls: 9 } });
    const { text, headers } = await rig.solve('What is new?');
    expect(text).toMatch(/^revision 0\n\n[^\n]+\n1\. http/);
    expect(headers['x-headrace-stopped']).toBe('max_calls');

    const unrated = await startResearch({ rating: () => 'good' }, search, { budget: { maxCalls: 6 } });
    expect((await unrated.solve('What is new?')).text).toMatch(/^revision 0\n\n/);
  });
});

test('without a search it says how to set one up', async () => {
  const settings = { webSearch: undefined };
  expect(deepResearch.missing?.(settings as never, {} as never)).toMatch(/approaches\.web_search/);
  const rig = await startSolving({ stages: [deepResearch], plan: 'deep_research', script: [{}], settings });
  await expect(rig.solve('What?')).rejects.toMatchObject({ status: 400, code: 'invalid_request' });
  expect(rig.sent()).toHaveLength(0);
});
