import { expect, test } from 'vitest';
import { startFakeBackend } from '../../../test/fake-backend/fake-backend.ts';
import { eventsOf, postJson, send } from '../../../test/fake-backend/http-client.ts';

const messages = [{ role: 'user', content: 'one two' }];

test('llama-server: timings, reasoning, n refused, open pages, own errors', async () => {
  const server = await startFakeBackend({ profile: 'llama-server', require_key: 'k', replies: [{}, { status: 500 }] });
  const headers = { authorization: 'Bearer k' };
  const url = `${server.url}/v1/chat/completions`;
  expect((await send(`${server.url}/health`)).text).toBe('{"status":"ok"}');
  expect((await send(`${server.url}/v1/models`)).status).toBe(200);
  const refused = await postJson(url, { messages });
  expect([refused.status, JSON.parse(refused.text)]).toEqual([
    401,
    { error: { code: 401, message: 'Invalid API Key', type: 'authentication_error' } },
  ]);
  const many = await postJson(url, { messages, n: 2 }, { headers });
  expect([many.status, JSON.parse(many.text).error.message]).toEqual([400, 'Only one completion choice is allowed']);
  const whole = JSON.parse((await postJson(url, { messages, n: 1 }, { headers })).text);
  expect(whole.timings).toMatchObject({ prompt_n: 2, predicted_n: whole.usage.completion_tokens });
  expect(whole.choices[0].message.reasoning_content).not.toBe('');
  const failed = await postJson(url, { messages }, { headers });
  expect(JSON.parse(failed.text).error).toMatchObject({ code: 500, type: 'server_error' });
  server.use({ profile: 'llama-server' });
  expect((await postJson(`${server.url}/chat/completions`, { messages })).status).toBe(200);
  const events = eventsOf((await postJson(url, { messages, stream: true })).text).slice(0, -1) as object[];
  expect(events.filter((event) => 'timings' in event)).toEqual([events.at(-1)]);
  expect(JSON.parse((await postJson(`${server.url}/v1/nope`, {})).text).error.message).toBe('File Not Found');
});

test('Ollama: only pulled models, n ignored, its chunks and fingerprint', async () => {
  const server = await startFakeBackend({ profile: 'ollama', models: ['llama3.2:1b', 'phi:latest'] });
  const url = `${server.baseUrl}/chat/completions`;
  const missing = await postJson(url, { model: 'nope', messages });
  expect([missing.status, JSON.parse(missing.text).error.message]).toEqual([
    404,
    'model "nope" not found, try pulling it first',
  ]);
  const whole = JSON.parse((await postJson(url, { model: 'llama3.2:1b', messages, n: 3 })).text);
  expect([whole.choices.length, whole.system_fingerprint, whole.model]).toEqual([1, 'fp_ollama', 'llama3.2:1b']);
  const { text } = await postJson(url, { model: 'phi', messages, stream: true });
  const events = eventsOf(text).slice(0, -1) as { choices: [{ delta: object; finish_reason: string | null }] }[];
  for (const event of events) expect(event.choices[0].delta).toMatchObject({ role: 'assistant' });
  expect(events.at(-1)?.choices[0]).toMatchObject({ delta: { content: '' }, finish_reason: 'stop' });
  expect((await send(server.url)).text).toBe('Ollama is running');
  const wrong = await postJson(`${server.url}/chat/completions`, { messages });
  expect([wrong.status, wrong.text]).toEqual([404, '404 page not found']);
  expect(JSON.parse((await send(`${server.baseUrl}/models`)).text).data[0].owned_by).toBe('library');
});

test('LM Studio: a wrong path is 200 with an error', async () => {
  const server = await startFakeBackend({ profile: 'lm-studio' });
  const wrong = await postJson(`${server.url}/chat/completions`, { messages });
  expect([wrong.status, wrong.text]).toEqual([
    200,
    '{"error":"Unexpected endpoint or method. (POST /chat/completions)"}',
  ]);
  const right = await postJson(`${server.url}/v1/chat/completions`, { model: 'any', messages });
  expect(JSON.parse(right.text)).toMatchObject({ stats: {}, system_fingerprint: 'any' });
});

test('vLLM: its 401 and 404, open health, several choices', async () => {
  const server = await startFakeBackend({ profile: 'vllm', require_key: 'k', models: ['m'] });
  const headers = { authorization: 'Bearer k' };
  const url = `${server.baseUrl}/chat/completions`;
  expect((await send(`${server.url}/health`)).status).toBe(200);
  const refused = await postJson(url, { model: 'm', messages });
  expect([refused.status, refused.text]).toEqual([401, '{"error":"Unauthorized"}']);
  const missing = await postJson(url, { model: 'nope', messages }, { headers });
  expect([missing.status, JSON.parse(missing.text)]).toEqual([
    404,
    { object: 'error', message: 'The model `nope` does not exist.', type: 'NotFoundError', param: null, code: 404 },
  ]);
  const whole = JSON.parse((await postJson(url, { model: 'm', messages, n: 2 }, { headers })).text);
  expect(whole.choices).toHaveLength(2);
  expect(whole.choices[1]).toMatchObject({ index: 1, stop_reason: null, message: { tool_calls: [], refusal: null } });
  const lost = await postJson(`${server.url}/v1/nope`, {}, { headers });
  expect([lost.status, lost.text]).toEqual([404, '{"detail":"Not Found"}']);
});
