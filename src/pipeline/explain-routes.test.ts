import { expect, test } from 'vitest';
import { startFakeBackend } from '../../test/fake-backend/fake-backend.ts';
import { backendYaml, startTestGateway } from '../../test/harness/test-gateway.ts';
import { chatCompletions } from '../protocols/chat-completions.ts';
import { explainCall } from './explain.ts';

const small = `auth_type: none
models: {m: {limits: {context_window: 100, max_output_tokens: 50}, prices: {input: 2, output: 10}, abilities: [streaming]}}`;
const large = `auth_type: none
models: {m: {limits: {context_window: 100000, max_output_tokens: 1000}, prices: {input: 4, output: 20}}}`;

async function start() {
  const upstream = await startFakeBackend();
  const gateway = await startTestGateway({
    files: {
      'backends/a/backend.yaml': backendYaml(upstream.baseUrl, small),
      'backends/b/backend.yaml': backendYaml(upstream.baseUrl, large),
      'backends/c/backend.yaml': backendYaml(upstream.baseUrl, 'auth_type: none'),
      'headrace.yaml': `
routes:
  smart:
    candidates: ["a:m", {model: "b:m", parameters: {temperature: 0.5}}, {model: "c:x", tier: 1, headers: {x-tier: gold}}]
    timeouts: {first_token: 5, total: 60}
    retry: {max_attempts: 4}
    hedge: {after: p95, max_extra: 5%}
  spread: {model: "[weight=3]a:m^b:m"}
model_aliases: [{pattern: "gpt-(.*)", model: smart}]
`,
    },
  });
  const explain = async (fields: object) => {
    const body = Buffer.from(JSON.stringify({ messages: [{ role: 'user', content: 'hi' }], ...fields }));
    const { config, pipeline } = gateway.gateway.runtime;
    const { facts, refusal } = await explainCall(chatCompletions, body, config, pipeline);
    return { text: facts.map(({ label, text }) => `${label}: ${text}`).join('\n'), refusal };
  };
  return { explain, upstream, gateway };
}

test('a route is told with its tiers, bounds and every candidate', async () => {
  const { explain, upstream } = await start();
  const { text, refusal } = await explain({ model: 'gpt-4o' });
  expect(refusal).toBeUndefined();
  expect(text).toContain('alias: "gpt-4o" stands for "smart"');
  expect(text).toMatch(/rule 1, a public name: yes, it is the route of .*headrace\.yaml:3:/);
  expect(text).toContain('tier 1: 2, ordered: in the order written');
  expect(text).toContain('tier 2: 1, alone');
  expect(text).toContain('bounds: first output within 5 s, all within 60 s, at most 4 attempts');
  expect(text).toMatch(/hedge: a second candidate after the p95 .* at most 5 % of the calls/);
  expect(text).toContain('candidate 1: backend a, model "m": taken, as the first in order');
  expect(text).toContain('candidate 2: backend b, model "m": only if those before it fail');
  expect(text).toMatch(/candidate 3: backend c, model "x": not for this request: .*x-tier/);
  expect(text).toContain('cost: at most $');
  expect(upstream.posts()).toEqual([]);
});

test('the first candidate that takes a request is the one that is explained', async () => {
  const { explain } = await start();
  const { text } = await explain({ model: 'smart', tools: [{}], max_tokens: 10 });
  expect(text).toMatch(/candidate 1: .*not for this request: the request needs tools/);
  expect(text).toContain('candidate 2: backend b, model "m": taken, as the first in order');
  expect(text).toMatch(/temperature/);
  const long = await explain({ model: 'smart', messages: [{ role: 'user', content: 'word '.repeat(200) }] });
  expect(long.text).toMatch(/candidate 1: .*not for this request: prompt is too long/);
  expect(long.refusal).toBeUndefined();
});

test('what explain names is what the gateway then asks', async () => {
  const { explain, gateway, upstream } = await start();
  for (const fields of [{}, { tools: [{}] }, { messages: [{ role: 'user', content: 'word '.repeat(200) }] }]) {
    const body = { model: 'smart', messages: [{ role: 'user', content: 'hi' }], ...fields };
    const { text } = await explain(body);
    const taken = /backend (\w), model "m": taken/.exec(text)?.[1];
    const answer = await gateway.post('/v1/chat/completions', body);
    expect(answer.headers.get('x-headrace-backend')).toBe(taken);
  }
  expect(upstream.posts()).toHaveLength(3);
});

test('weights are told as shares', async () => {
  const { explain } = await start();
  const { text } = await explain({ model: 'spread' });
  expect(text).toContain('candidate 1: backend a, model "m": tier 1, 75 % of the conversations');
  expect(text).toContain('candidate 2: backend b, model "m": tier 1, 25 % of the conversations');
});

test('the keys of a pool and the places of a backend are told', async () => {
  const upstream = await startFakeBackend();
  const more =
    'api_key_env_vars: [POOL_A, {name: POOL_B, weight: 3, requests_per_minute: 60}]\nmax_concurrent: 4\nqueue: {size: 9, timeout: 2}';
  const { gateway } = await startTestGateway({
    files: { 'backends/p/backend.yaml': backendYaml(upstream.baseUrl, more) },
    env: { POOL_A: 'sk-pool-canary-aaaa' },
  });
  const body = Buffer.from(JSON.stringify({ model: 'p:m', messages: [] }));
  const { facts } = await explainCall(chatCompletions, body, gateway.runtime.config, gateway.runtime.pipeline);
  const text = facts.map(({ label, text: told }) => `${label}: ${told}`).join('\n');
  expect(text).toContain('key 1 of 2: from POOL_A');
  expect(text).toContain('key 2 of 2: from POOL_B, which is not set, weight 3, 60 requests per minute');
  expect(text).toContain('places: 4 calls at a time, 9 may wait for up to 2 s');
  expect(text).not.toContain('canary');
});
