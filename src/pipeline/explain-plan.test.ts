import { expect, test } from 'vitest';
import { startTestGateway } from '../../test/harness/test-gateway.ts';
import { chatCompletions } from '../protocols/chat-completions.ts';
import { explainCall } from './explain.ts';

const backend = 'backend_type: custom\napi_base_url: http://127.0.0.1:9/v1\nauth_type: none\nmodels: {m: {}, n: {}}\n';

async function explain(route: object, fields: object = {}) {
  const { gateway } = await startTestGateway({
    files: {
      'backends/b/backend.yaml': backend,
      'headrace.yaml': JSON.stringify({ routes: { r: { model: 'b:m', ...route } } }),
    },
  });
  const body = Buffer.from(JSON.stringify({ model: 'r', messages: [{ role: 'user', content: 'Hi' }], ...fields }));
  const { config, pipeline } = gateway.runtime;
  const { facts, refusal } = await explainCall(chatCompletions, body, config, pipeline);
  return { lines: facts.map(({ label, text }) => `${label}: ${text}`), refusal };
}

test('stages, their parameters with the defaults, models and budget are told', async () => {
  const route = {
    approach: 'privacy&bon',
    parameters: { bon: { judge: 'b:n' } },
    budget: { max_calls: 12, deadline: 1.5, max_cost: 0.05, when_spent: 'error' },
  };
  const { lines } = await explain(route);
  expect(lines).toEqual(
    expect.arrayContaining([
      'approach: privacy&bon, at most 4 calls',
      'stage privacy: wrapper, {}',
      'stage bon: solver, {"candidates":3,"judge":"b:n"}',
      'model of bon.judge: "b:n"',
      'budget: 12 calls, 1.5 s, 0.05 US dollars; when it is spent: an error',
    ]),
  );
});

test('what a request changes of them is told as it is then', async () => {
  const own = { headrace_approach: { name: 'bon', parameters: { candidates: 5 }, budget: { max_calls: 4 } }, n: 2 };
  const { lines } = await explain({ approach: 'bon', parameters: { judge: 'b:n' } }, own);
  expect(lines).toEqual(
    expect.arrayContaining([
      'approach: bon, at most 4 calls',
      'stage bon: solver, {"candidates":5,"judge":"b:n"}',
      'budget: 4 calls; when it is spent: the best candidate so far',
    ]),
  );
});

test('the calls for a long text are those for a text of its length', async () => {
  const route = { approach: 'memory', parameters: { chunk_tokens: 1000 } };
  const asking = (content: string) => ({ messages: [{ role: 'user', content }] });
  expect((await explain(route, asking('What is it?'))).lines).toContain('approach: memory, at most 1 call');
  // About 9 tokens a line, so less than 4,000: at most 8 pieces.
  const long = `${'This is a line of a long text.\n'.repeat(440)}\n\nWhat is it?`;
  expect((await explain(route, asking(long))).lines).toContain('approach: memory, at most 9 calls');
  const bounded = await explain({ ...route, budget: { max_calls: 4 } }, asking(long));
  expect(bounded.lines).toContain('approach: memory, at most 4 calls');
});

test('a plain call has no stages, and says why where it is made in place of some', async () => {
  const plain = await explain({});
  expect(plain.lines).toContain('approach: none, at most 1 call');
  const tools = [{ type: 'function', function: { name: 'f' } }];
  const skipped = await explain({ approach: 'bon' }, { tools });
  expect(skipped.lines).toContain('approach: none; skipped=tools, at most 1 call');
  for (const { lines } of [plain, skipped]) expect(lines.filter((line) => /^stage|^budget/.test(line))).toEqual([]);
});

test('a model that is none is the refusal that the client would get', async () => {
  const asked = { headrace_approach: { name: 'bon', parameters: { judge: 'nothing' } } };
  const { refusal } = await explain({ approach: 'bon' }, asked);
  expect([refusal?.status, refusal?.code]).toEqual([404, 'model_not_found']);
});
