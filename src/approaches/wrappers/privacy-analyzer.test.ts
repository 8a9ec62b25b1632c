import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startSolving } from '../../../test/harness/solving.ts';
import { backendYaml, startTestGateway } from '../../../test/harness/test-gateway.ts';
import type { AnalyzerConfig } from '../../config/approaches-config.ts';
import { bon } from '../solvers/bon.ts';
import type { Stage } from '../stage.ts';
import { privacy } from './privacy.ts';

interface Asked {
  readonly text: string;
  readonly language: string;
}

/** What a service answers: a list, a status, or nothing at all. */
type Service = (asked: Asked) => unknown;

/** Finds names, with places in Unicode characters as Python counts them. */
function finding(names: Readonly<Record<string, string>>, score = 0.85): Service {
  return ({ text }) =>
    Object.entries(names).flatMap(([name, entity_type]) => {
      const at = text.indexOf(name);
      const start = [...text.slice(0, at)].length;
      return at < 0 ? [] : [{ entity_type, start, end: start + [...name].length, score }];
    });
}

async function startService(service: Service) {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const piece of request) body += piece;
    asked.push(JSON.parse(body));
    const answer = request.url === '/base/analyze' ? service(JSON.parse(body)) : 404;
    if (answer === undefined) return; // never
    response.statusCode = typeof answer === 'number' ? answer : 200;
    if (answer === 302) response.setHeader('location', '/base/analyze');
    response.end(typeof answer === 'string' ? answer : JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { asked, host, url: `http://${host}/base` };
}

async function start(service: Service, more: Partial<AnalyzerConfig> = {}, plan = 'privacy') {
  const { asked, host, url } = await startService(service);
  const analyzer = { url, language: 'de', timeoutMs: 20_000, minimumScore: 0.4, ...more };
  const rig = await startSolving({
    stages: [privacy, bon] as unknown as readonly Stage[],
    plan,
    script: ({ json }) => {
      const said = JSON.stringify(json.messages);
      return { content: Array.from({ length: Number(json.n ?? 1) }, () => `${/<PERSON_1>/.exec(said) ?? '7'} it is`) };
    },
    settings: { analyzer },
  });
  return { ...rig, asked, host };
}

describe('privacy with an outside recognizer', () => {
  test('hides what it finds in any text, wherever that stands, beside what patterns find', async () => {
    const names = { 'Anna Maier': 'PERSON', Wien: 'LOCATION', 'X-17': 'MEDICAL_LICENSE' };
    const rig = await start(finding(names));
    const question = '🙂 Is Anna Maier of Wien (a@example.org, X-17) here? Ask Anna Maier.';
    const call = { id: 'c', type: 'function', function: { name: 'f', arguments: '{"who": "Anna Maier"}' } };
    const messages = [
      { role: 'system', content: 'Of Wien, not of Wiener.' },
      { role: 'assistant', content: null, tool_calls: [call] },
      { role: 'tool', tool_call_id: 'c', content: 'no' },
      { role: 'user', content: question },
    ];
    const { text } = await rig.solve('', { messages });
    expect(text).toBe('Anna Maier it is');
    const [sent] = rig.sent();
    expect(sent?.messages.map(({ content }: { content: unknown }) => content)).toEqual([
      'Of <LOCATION_1>, not of Wiener.',
      null,
      'no',
      '🙂 Is <PERSON_1> of <LOCATION_1> (<EMAIL_1>, <DATA_1>) here? Ask <PERSON_1>.',
    ]);
    expect(sent?.messages[1].tool_calls[0].function.arguments).toBe('{"who": "<PERSON_1>"}');
    expect(rig.asked).toContainEqual({ text: question, language: 'de' });
    expect(rig.asked.filter((one) => one.text === question)).toHaveLength(1);
  });

  test('a stream gets it back', async () => {
    const { text } = await (await start(finding({ Anna: 'PERSON' }))).solve('Who is Anna?', { stream: true });
    expect(text).toBe('Anna it is');
  });

  test('it is asked once for all calls of a solver', async () => {
    const rig = await start(finding({ Anna: 'PERSON' }), {}, 'privacy&bon');
    await rig.solve('Who is Anna?');
    expect(rig.sent()).toHaveLength(4);
    expect(rig.asked.filter(({ text }) => text === 'Who is Anna?')).toHaveLength(1);
    expect(JSON.stringify(rig.sent())).not.toContain('Anna');
  });

  test('what it finds inside of a word is hidden there, and what it is not sure of is not', async () => {
    const rig = await start(finding({ Anna: 'PERSON' }));
    await rig.solve('Whose is Annas house?');
    expect(rig.sent()[0]?.messages[0].content).toBe('Whose is <PERSON_1>s house?');
    const unsure = await start(finding({ Anna: 'PERSON' }, 0.3));
    await unsure.solve('Who is Anna?');
    expect(unsure.sent()[0]?.messages[0].content).toBe('Who is Anna?');
  });

  test.each<[string, Service, RegExp]>([
    ['an error', () => 500, /it answered 500/],
    ['a redirect', () => 302, /it answered 302/],
    ['no JSON', () => 'oops', /no JSON/],
    ['no list', () => ({ found: [] }), /no list/],
    ['an entry that is none', () => [{ entity_type: 'PERSON', start: -1, end: 2 }], /no list/],
    ['a place behind the text', () => [{ entity_type: 'PERSON', start: 0, end: 99 }], /not in the text/],
    ['a place of no length', () => [{ entity_type: 'PERSON', start: 3, end: 3 }], /not in the text/],
  ])('%s fails the request before any call, without its text', async (_, service, message) => {
    const rig = await start(service);
    const error = await rig.solve('Who is Anna?').catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'upstream_error', status: 502 });
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).toContain(rig.host);
    expect((error as Error).message).not.toContain('Anna');
    expect(rig.sent()).toEqual([]);
  });

  test('one that does not answer in time, or is not there, fails it as well', async () => {
    const slow = await start(() => undefined, { timeoutMs: 100 });
    await expect(slow.solve('Who is Anna?')).rejects.toMatchObject({ code: 'upstream_error', status: 502 });
    expect(slow.sent()).toEqual([]);
    const gone = await start(() => [], { url: 'http://127.0.0.1:1' });
    await expect(gone.solve('Who is Anna?')).rejects.toThrow(/could not be reached/);
    expect(gone.sent()).toEqual([]);
  });

  test('a client that leaves ends it', async () => {
    const rig = await start(() => undefined);
    const leaving = new AbortController();
    const asked = rig.solve('Who is Anna?', {}, leaving.signal);
    const left = expect(asked).rejects.toMatchObject({ code: 'client_closed_request' });
    await expect.poll(() => rig.asked.length).toBe(1);
    leaving.abort();
    await left;
    expect(rig.sent()).toEqual([]);
  });
});

describe('its setting', () => {
  const withPrivacy = (section: object) =>
    startTestGateway({
      files: {
        'headrace.yaml': JSON.stringify({ approaches: { privacy: section } }),
        'backends/x/backend.yaml': backendYaml('http://127.0.0.1:9/v1'),
      },
    });

  test('has defaults for all but its address', async () => {
    const { gateway } = await withPrivacy({ analyzer_url: 'http://127.0.0.1:5002/' });
    expect(gateway.runtime.config.approaches.analyzer).toEqual({
      url: 'http://127.0.0.1:5002',
      language: 'en',
      timeoutMs: 5000,
      minimumScore: 0.4,
    });
  });

  test.each([
    [{ language: 'de' }, /analyzer_url/],
    [{ analyzer_url: 'ftp://a' }, /http/],
    [{ analyzer_url: 'http://a', min_score: 2 }, /min_score/],
    [{ analyzer_url: 'http://a', timeout: 0 }, /timeout/],
  ])('%j is wrong', async (section, told) => {
    await expect(withPrivacy(section)).rejects.toThrow(told);
  });

  test('a request names no service of its own', async () => {
    const { post } = await withPrivacy({ analyzer_url: 'http://127.0.0.1:5002' });
    const asked = { name: 'privacy', parameters: { analyzer_url: 'http://127.0.0.1:9' } };
    const answer = await post('/v1/chat/completions', { model: 'x:m', messages: [], headrace_approach: asked });
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('no parameter')]);
  });
});
