import { describe, expect, test } from 'vitest';
import { startFakeBackend } from '../../test/fake-backend/fake-backend.ts';
import { backendYaml, startTestGateway, type TestGateway } from '../../test/harness/test-gateway.ts';
import { errorReply } from '../http/errors.ts';
import { protocols } from '../protocols/registry.ts';
import { explainCall } from './explain.ts';

const key = 'sk-secret-canary-7777';

async function explain({ gateway }: TestGateway, path: string, body: string | object) {
  const protocol = protocols.find((one) => path.endsWith(one.path) && path === `/v1${one.path}`);
  if (protocol === undefined) throw new Error(path);
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  const { config, pipeline } = gateway.runtime;
  const { facts, refusal } = await explainCall(protocol, bytes, config, pipeline);
  const lines = facts.map(({ label, text }) => `${label}: ${text}`);
  expect(lines.join('\n')).not.toMatch(/canary|7777/);
  return { lines, refusal };
}

const limits = `models:
  m:
    limits: {context_window: 200, max_input_tokens: 150, max_output_tokens: 100}
    parameters: {temperature: 0.3, max_tokens: 90}
  rated:
    limits: {requests_per_minute: 60, tokens_per_minute: 300, max_output_tokens: 50}
`;

/** Backends a (limits, a key) and b, a connector, and a model that both backends declare. */
async function start(flags: Record<string, string> = {}) {
  const upstream = await startFakeBackend();
  const toml = `[p]\nbase_url = "${upstream.baseUrl}"\napi_key = "${key}"\n
    [p.c]\ninternal = "alias"\nexternal = "outside"\n[p.held]\ninternal = "a:m"\nexternal = "other"\n`;
  const access = 'api_key_env_var: K\nheaders: {X-Team: red}\ndefault_model: m';
  const gateway = await startTestGateway({
    files: {
      'backends/a/backend.yaml': backendYaml(upstream.baseUrl, `${access}\n${limits}  both: {}`),
      'backends/b/backend.yaml': backendYaml(`${upstream.baseUrl}/`, 'auth_type: none\nmodels:\n  both: {}'),
      'backends/unset/backend.yaml': backendYaml(upstream.baseUrl, 'api_key_env_var: NOT_SET'),
      'external-api-connectors.toml': toml,
    },
    flags,
    env: { K: key },
  });
  return { upstream, gateway };
}

const user = (content: string) => [{ role: 'user', content }];

describe('says what the gateway then does', () => {
  const chat = '/v1/chat/completions';
  const cases: readonly [string, string | object][] = [
    [chat, { model: 'a:m', messages: user('hi') }],
    [chat, { model: 'm', messages: user('hi'), temperature: 1, max_tokens: 7 }],
    [chat, { model: 'a:', messages: user('hi'), stream: true }],
    [chat, { model: 'alias', messages: user('hi'), stream: true, stream_options: { include_usage: false } }],
    [chat, { model: 'a:rated', messages: user('hi'), n: 2 }],
    [chat, { model: 'b:anything:at/all', messages: user('hi'), max_tokens: 'no number', n: 'none' }],
    [chat, '{ "messages" : [], "model":"b:both" , "seed":12345678901234567890 }'],
    ['/v1/completions', { model: 'a:m', prompt: 'hi' }],
    ['/v1/embeddings', { model: 'a:m', input: ['hi', 'there'] }],
    [chat, { model: 'both', messages: [] }],
    [chat, { model: 'nope:m', messages: [] }],
    [chat, { model: 'nothing', messages: [] }],
    [chat, { messages: [] }],
    [chat, { model: 'unset:m', messages: [] }],
    [chat, { model: 'm', messages: user('word '.repeat(160)) }],
    [chat, { model: 'm', messages: user('hi'), max_tokens: 101 }],
    [chat, { model: 'm', messages: user('word '.repeat(130)), max_completion_tokens: 99 }],
    [chat, { model: 'm', messages: [], max_tokens: 1.5 }],
    [chat, { model: 'a:rated', messages: user('word '.repeat(310)) }],
    [chat, { model: 'a:rated', messages: user('hi'), max_tokens: 50, n: 7 }],
    [chat, { model: 'a:rated', messages: [], n: 0 }],
    [chat, { model: 'm' }],
    [chat, '{"model":'],
    [chat, '{"model":"m","model":"a","messages":[]}'],
    ['/v1/embeddings', { model: 'a:m', input: 'word '.repeat(160) }],
  ];
  const named = cases.map(([path, body]) => [path, JSON.stringify(body).slice(0, 70), body] as const);
  test.each(named)('%s %s', async (path, _start, body) => {
    const { upstream, gateway } = await start();
    const { lines, refusal } = await explain(gateway, path, body);
    expect(upstream.requests).toHaveLength(0);
    const answer = await gateway.post(path, body);
    const text = await answer.text();
    if (refusal !== undefined) {
      expect([answer.status, text]).toEqual([refusal.status, errorReply(refusal).body]);
      expect(upstream.posts()).toHaveLength(0);
      return;
    }
    expect(answer.status).toBe(200);
    const [post] = upstream.posts();
    if (post === undefined) throw new Error('nothing was sent');
    expect(lines).toContain(`upstream: POST ${upstream.url}${post.path}`);
    const said = lines
      .find((line) => line.startsWith('headers: '))
      ?.slice(9)
      .split(', ');
    const names = post.rawHeaders.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase());
    expect(said?.sort()).toEqual(names.filter((name) => name !== 'connection').sort());
    expect(changed(lines)).toEqual(changes(body, post.body.toString()));
    expect(answer.headers.get('x-headrace-model')).toBe(post.json.model);
    expect(lines.find((line) => line.startsWith('candidate 1: '))).toContain(
      `${answer.headers.get('x-headrace-backend')}, model ${JSON.stringify(post.json.model)}: taken`,
    );
  });
});

/** The lines of changed fields as a list of names. */
function changed(lines: readonly string[]): string[] {
  return lines.flatMap((line) => /^changed "(.*)": /.exec(line)?.[1] ?? []).sort();
}

function changes(sent: string | object, arrived: string): string[] {
  const before: Record<string, unknown> = typeof sent === 'string' ? JSON.parse(sent) : sent;
  const after: Record<string, unknown> = JSON.parse(arrived);
  return Object.keys(after)
    .filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]))
    .sort();
}

describe('the facts', () => {
  test('which rule decides, and why the others do not', async () => {
    const { gateway } = await start({ defaultBackend: 'b' });
    const rules = async (model: string) =>
      (await explain(gateway, '/v1/chat/completions', { model, messages: [] })).lines.filter((line) =>
        /^rule/.test(line),
      );
    expect(await rules('alias')).toEqual(['rule 1, a public name: yes, it is the "internal" of the connector p.c']);
    expect(await rules('a:m')).toEqual([
      'rule 1, a public name: no, it is the "internal" of the connector p.held, which is pending: backend a holds the name',
      'rule 2, backend:model: yes, "a" is a backend',
    ]);
    expect((await rules('m')).at(-1)).toBe('rule 3, declared by one backend: yes, backend a declares it');
    expect((await rules('both')).slice(-2)).toEqual([
      'rule 3, declared by one backend: no, several declare it: a, b',
      'rule 4, the default backend: yes, b is the default backend',
    ]);
    expect((await rules('x:y/z')).slice(1)).toEqual([
      'rule 2, backend:model: no, "x" is no backend',
      'rule 3, declared by one backend: no, no backend declares it',
      'rule 4, the default backend: yes, b is the default backend',
    ]);
  });

  test('the limits, each with its value and whether it holds', async () => {
    const { gateway } = await start({ forceContextWindow: '180' });
    const facts = async (body: object) => (await explain(gateway, '/v1/chat/completions', body)).lines;
    const small = { model: 'a:m', messages: user('hi') };
    const bytes = JSON.stringify(small).length;
    const fine = await facts(small);
    expect(fine).toContain(
      `limit force_context_window: 180: holds, the prompt has at most ${bytes}, and 90 more are the default`,
    );
    expect(fine.find((line) => line.startsWith('prompt tokens: '))).toContain(`at most ${bytes}, a bound`);
    const long = await facts({ model: 'm', messages: user('word '.repeat(160)), max_tokens: 30 });
    expect(long).toContain('prompt tokens: 168, counted exactly with o200k_base');
    expect(long).toContain('limit context_window: 200: holds, the prompt has 168, and 30 more are asked for');
    expect(long).toContain('limit force_context_window: 180: broken, the prompt has 168, and 30 more are asked for');
    expect(long).toContain('limit max_input_tokens: 150: broken, the prompt has 168');
    expect(long).toContain('limit max_output_tokens: 100: holds, 30 are asked for');
    const rated = await facts({ model: 'a:rated', messages: user('hi'), n: 2 });
    expect(rated.find((line) => line.startsWith('limit tokens_per_minute: 300'))).toMatch(
      /reserves 108; .*running gateway/,
    );
    expect(rated.find((line) => line.startsWith('limit requests_per_minute: 60'))).toMatch(
      /takes 1; .*running gateway/,
    );
  });

  test('the changed fields, before and after', async () => {
    const { gateway } = await start();
    const body = { model: 'a:m', messages: user('word '.repeat(140)), stream: true };
    const { lines } = await explain(gateway, '/v1/chat/completions', body);
    expect(lines).toContain('changed "model": "a:m" -> "m"');
    expect(lines).toContain('changed "temperature": absent -> 0.3');
    expect(lines).toContain('changed "max_tokens": absent -> 52, the default 90 lowered to what fits');
    expect(lines).toContain('changed "stream_options": absent -> {"include_usage":true}');
    expect(lines).toContain('cost: unknown, as no prices are configured');
    expect(lines).toContain('key: from K');
    const plain = await explain(gateway, '/v1/chat/completions', { model: 'b:both', messages: [] });
    expect(plain.lines).toContain('changed "model": "b:both" -> "both"');
  });

  test("which of the gateway's keys may make the call", async () => {
    const settings = 'keys:\n  - {name: all, key_env_var: ALL}\n  - {name: some, key_env_var: SOME, models: ["a:m"]}\n';
    const gateway = await startTestGateway({
      files: { 'headrace.yaml': settings, 'backends/a/backend.yaml': backendYaml('http://127.0.0.1:9/v1') },
      env: { ALL: 'key-of-all-0000', SOME: 'key-of-some-000' },
    });
    const { lines } = await explain(gateway, '/v1/chat/completions', { model: 'a:x', messages: [] });
    expect(lines).toContain('keys: all may use it, some may not (404 model_not_found)');
  });
});
