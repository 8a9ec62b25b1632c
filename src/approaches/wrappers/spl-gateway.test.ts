import { expect, onTestFinished, test } from 'vitest';
import { startFakeBackend } from '../../../test/fake-backend/fake-backend.ts';
import { backendYaml, startTestGateway } from '../../../test/harness/test-gateway.ts';

const settings = `
routes:
  learning:
    model: "u:m"
    approach: spl
    parameters: {learn: true}
`;

/** A gateway whose strategies are created when `go` is called, and not before. */
async function start(more = '', env: Record<string, string> = {}) {
  let go: () => void = () => undefined;
  const waiting = new Promise<void>((resolve) => {
    go = resolve;
  });
  const usage = { prompt_tokens: 4, completion_tokens: 1 };
  const backend = await startFakeBackend(async ({ json }) => {
    if (json.temperature !== 0.1) return { content: 'the-answer', usage };
    if (!JSON.stringify(json.messages).includes('the-answer')) return { content: 'facts', usage };
    await waiting;
    return { content: 'Look it up in two places.', usage };
  });
  onTestFinished(() => go());
  const files = { 'backends/u/backend.yaml': backendYaml(backend.baseUrl), 'headrace.yaml': settings + more };
  const rig = await startTestGateway({ files, env });
  const ask = (stream: boolean, headers: Record<string, string> = {}) => {
    const messages = [{ role: 'user', content: 'Who?' }];
    return rig.post('/v1/chat/completions', { model: 'learning', stream, temperature: 0.7, messages }, headers);
  };
  const records = () => rig.log().filter((line) => line.caller !== undefined);
  return { ...rig, backend, ask, go, records };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

test.each([false, true])('the whole answer is there before anything is learned (stream: %s)', async (stream) => {
  const { ask, backend, go, records } = await start();
  const answer = await (await ask(stream)).text();
  expect(answer).toContain('the-answer');
  await until(() => backend.posts().length === 3);
  expect(records()).toEqual([]);
  await new Promise((resolve) => setTimeout(resolve, 100));
  go();
  await until(() => records().length === 1);
  const [record] = records() as { total_ms: number; tries: { started_ms: number; took_ms: number }[] }[];
  expect(record).toMatchObject({ outcome: 'complete', prompt_tokens: 12, completion_tokens: 3, attempts: 3 });
  expect(answer).toContain(stream ? '[DONE]' : '"total_tokens":10');
  const learning = record?.tries.at(-1) as { started_ms: number; took_ms: number };
  expect(record?.total_ms).toBeLessThan(learning.started_ms + learning.took_ms);
});

test('the end of the gateway does not wait for it', async () => {
  const { ask, backend, gateway, records } = await start();
  await (await ask(false)).text();
  await until(() => backend.posts().length === 3);
  await gateway.close();
  expect(records()).toHaveLength(1);
});

test.each([false, true])('it keeps no place of its caller, who can go on asking (stream: %s)', async (stream) => {
  const secret = 'hr-key-of-somebody-who-asks';
  const key = `keys: [{name: a, key_env_var: A_KEY, limits: {max_concurrent: 1}}]\n`;
  const { ask, backend, go, records } = await start(key, { A_KEY: secret });
  const headers = { authorization: `Bearer ${secret}` };
  for (const turn of [1, 2, 3]) {
    const answer = await ask(stream, headers);
    expect([answer.status, (await answer.text()).includes('the-answer')]).toEqual([200, true]);
    await until(() => backend.posts().length === 3 * turn);
  }
  go();
  await until(() => records().length === 3);
  expect((await ask(stream, headers)).status).toBe(200);
});
