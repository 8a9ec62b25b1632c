import { describe, expect, it } from 'vitest';
import { type MockReply, startFakeBackend } from '../../test/fake-backend/fake-backend.ts';
import { backendYaml, startTestGateway } from '../../test/harness/test-gateway.ts';
import type { BackendReply, BackendRequest } from './backend.ts';
import { failureOf, openBackend, readReply, testRequest } from './test-backend.ts';

async function start(reply: MockReply) {
  return openBackend((await startFakeBackend([reply])).baseUrl);
}

async function emptyOf(reply: MockReply, changes?: Partial<BackendRequest>): Promise<BackendReply> {
  const failure = await failureOf(await start(reply), changes);
  expect(failure).toMatchObject({ retry: 'elsewhere', fault: 'backend', error: { code: 'upstream_error' } });
  return failure.emptyReply as BackendReply;
}

const answer = (message: object, finish: string | null = 'stop') => ({
  choices: [{ index: 0, message: { role: 'assistant', ...message }, finish_reason: finish }],
  usage: { prompt_tokens: 3, completion_tokens: 0 },
});

describe('a whole answer without output', () => {
  it.each<[string, object]>([
    ['no text', answer({ content: '' })],
    ['nothing', answer({ content: null, refusal: null, tool_calls: [], annotations: [] })],
    ['nothing for an unknown reason', answer({ content: '' }, 'error')],
    ['nothing for no reason', answer({ content: '' }, null)],
    ['no choices', { choices: [] }],
    ['no list of choices', { id: 'x' }],
    ['nothing in a completion', { choices: [{ index: 0, text: '', finish_reason: 'stop' }] }],
    ['nothing but words beside it', { ...answer({ content: '' }), note: { content: 'words', text: 'words' } }],
  ])('is a failure with the answer: %s', async (_what, json) => {
    const empty = await emptyOf({ json });
    expect(JSON.parse((await readReply(empty)).text)).toEqual(json);
    expect(empty.status).toBe(200);
    expect((await empty.finished).outcome).toBe('complete');
  });

  it('carries the usage, and the public name of its model', async () => {
    const rules = { answerModel: 'public', withholdUsage: false, keepText: true };
    const empty = await emptyOf({ json: { model: 'own', ...answer({ content: '' }) } }, { rules });
    expect(JSON.parse((await readReply(empty)).text)).toMatchObject({ model: 'public' });
    const { usage, text } = await empty.finished;
    expect([usage?.promptTokens, text?.()]).toEqual([3, '']);
  });

  it.each<[string, object]>([
    ['text', answer({ content: 'a' })],
    ['a line break', answer({ content: '\n' })],
    ['text behind an escape', answer({ content: '"' })],
    ['a list of parts', answer({ content: [{ type: 'text', text: 'a' }] })],
    ['reasoning alone', answer({ content: '', reasoning_content: 'hm' })],
    ['a tool call', answer({ content: null, tool_calls: [{ id: 'c', function: { name: 'f' } }] }, 'stop')],
    ['a refusal', answer({ content: null, refusal: 'No.' })],
    ['the length', answer({ content: '' }, 'length')],
    ['the filter', answer({ content: '' }, 'content_filter')],
    ['a tool call that is not there', answer({ content: '' }, 'tool_calls')],
    ['the second choice', { choices: [...answer({ content: '' }).choices, ...answer({ content: 'b' }).choices] }],
    ['a completion', { choices: [{ index: 0, text: 'a', finish_reason: 'stop' }] }],
  ])('is none with %s', async (_what, json) => {
    const reply = await (await start({ json })).send(testRequest());
    expect(JSON.parse((await readReply(reply)).text)).toEqual(json);
  });

  it('is of no matter where nothing is to be generated', async () => {
    const json = { object: 'list', data: [] };
    const reply = await (await start({ json })).send(testRequest({ path: '/embeddings', generates: false }));
    expect(JSON.parse((await readReply(reply)).text)).toEqual(json);
  });
});

describe('a stream without output', () => {
  const role = 'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}\n\n';
  const stop = 'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n';
  const usage = 'data: {"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":0}}\n\n';
  const done = 'data: [DONE]\n\n';

  it.each<[string, string[]]>([
    ['nothing but its end', [done]],
    ['a role', [role, done]],
    ['a role and an end', [role, stop, usage, done]],
    ['a role and an end without [DONE]', [role, stop]],
    ['its end with a single line feed', [role, stop, 'data: [DONE]\n']],
  ])('is a failure with the answer: %s', async (_what, chunks) => {
    const empty = await emptyOf({ chunks }, { stream: true });
    expect(empty.headers['content-type']).toContain('text/event-stream');
    expect(await readReply(empty)).toEqual({ text: chunks.join(''), error: undefined });
    expect((await empty.finished).outcome).toBe('complete');
  });

  it('has its usage read, and withheld where the client did not ask', async () => {
    const rules = { answerModel: undefined, withholdUsage: true, keepText: false };
    const empty = await emptyOf({ chunks: [role, stop, usage, done] }, { stream: true, rules });
    expect((await readReply(empty)).text).toBe(role + stop + done);
    expect((await empty.finished).usage?.promptTokens).toBe(5);
  });

  it('is none that ends with a reason for it', async () => {
    const length = stop.replace('stop', 'length');
    const reply = await (await start({ chunks: [role, length, done] })).send(testRequest({ stream: true }));
    expect((await readReply(reply)).text).toBe(role + length + done);
  });

  it('leaves the connection for the next request', async () => {
    const server = await startFakeBackend([{ chunks: [role, stop, done] }, {}]);
    const backend = openBackend(server.baseUrl);
    await failureOf(backend, { stream: true });
    expect(await server.posts()[0]?.ended).not.toBe('aborted');
    await readReply(await backend.send(testRequest({ stream: true })));
  });
});

describe('an empty answer that nobody can better', () => {
  it.each<[string, MockReply, boolean]>([
    ['whole', { json: answer({ content: '' }) }, false],
    ['a stream', { content: '' }, true],
  ])('reaches the client as it came: %s', async (_what, reply, stream) => {
    const server = await startFakeBackend([reply]);
    const gateway = await startTestGateway({ files: { 'backends/b/backend.yaml': backendYaml(server.baseUrl) } });
    const body = { model: 'b:m', stream, messages: [{ role: 'user', content: 'hi' }] };
    const got = await gateway.post('/v1/chat/completions', body);
    const text = await got.text();
    expect([got.status, got.headers.get('x-headrace-attempts')]).toEqual([200, '1']);
    if (stream) expect(text.endsWith('data: [DONE]\n\n') && text.includes('"finish_reason":"stop"')).toBe(true);
    else expect(JSON.parse(text)).toEqual(answer({ content: '' }));
    expect(server.posts()).toHaveLength(1);
  });
});
