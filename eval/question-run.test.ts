import { expect, it } from 'vitest';
import { startFakeBackend } from '../test/fake-backend/fake-backend.ts';
import { backendYaml, startTestGateway } from '../test/harness/test-gateway.ts';
import { reportQuestions, runQuestions } from './question-run.ts';

const questions = [
  { question: 'What is 6 * 7?', answer: '42' },
  { question: 'What is 6 * 8?', answer: '#### 48' },
  { question: 'What is broken?', answer: '0' },
];

interface Sent {
  readonly messages: readonly { readonly content: string }[];
  readonly n?: number;
}

/** A model that is right about one question only if it is asked several times. */
async function start() {
  const backend = await startFakeBackend(({ json }) => {
    const { messages, n = 1 } = json as unknown as Sent;
    const question = messages[0]?.content ?? '';
    if (question.includes('broken')) return { status: 404 };
    const usage = { prompt_tokens: 10, completion_tokens: n };
    const right = question.includes('7') ? 'The answer is 42.' : 'The answer is 48.';
    if (question.includes('8') && n === 1) return { content: 'The answer is 47.', usage };
    return { content: n === 1 ? right : ['The answer is 47.', right, `So: ${right}`], usage };
  });
  const yaml = 'auth_type: none\nmax_retries: 0';
  const keys = { 'headrace.yaml': 'keys: [{name: tester, key_env_var: TESTER_KEY, role: user}]\n' };
  const key = 'sk-tester-0123456789abcdef';
  const { url } = await startTestGateway({
    files: { 'backends/u/backend.yaml': backendYaml(backend.baseUrl, yaml), ...keys },
    env: { TESTER_KEY: key },
  });
  return { url, key, model: 'u:m', atOnce: 2 };
}

const vote = '{"name": "self_consistency", "parameters": {"samples": 3}}';

it('counts right answers, calls, tokens and failures of each approach', async () => {
  const rig = await start();
  const outcomes = await runQuestions({ ...rig, url: `${rig.url}/v1/`, questions, approaches: ['none', vote] });
  expect(outcomes).toMatchObject([
    { approach: 'none', questions: 3, right: 1, calls: 2, tokens: 22 },
    { approach: vote, questions: 3, right: 2, calls: 2, tokens: 26 },
  ]);
  expect(outcomes.map(({ failures, seconds }) => [failures.length, seconds.length])).toEqual([
    [1, 2],
    [1, 2],
  ]);
  const report = reportQuestions(outcomes, 'u:m');
  expect(report.rows.map((row) => [row[2], row[4]])).toEqual([
    ['33.3 %', '-'],
    ['66.7 %', '33.3 %'],
  ]);
  expect(report.checks).toEqual([
    expect.objectContaining({ isGood: false, detail: expect.stringMatching(/question 3: 404/) }),
  ]);
});

it('says why nothing was answered, and goes on', async () => {
  const rig = await start();
  const [refused] = await runQuestions({ ...rig, key: undefined, questions, approaches: ['none'] });
  expect(refused?.failures).toHaveLength(3);
  expect(refused?.failures[0]).toMatch(/^question 1: 401 /);
  const [dead] = await runQuestions({ ...rig, url: 'http://127.0.0.1:1', questions, approaches: ['none'] });
  expect(dead?.failures).toHaveLength(3);
  expect(dead?.failures[0]).toMatch(/ECONNREFUSED/);
});
