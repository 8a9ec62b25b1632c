import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { startFakeBackend } from '../../fake-backend/fake-backend.ts';
import { backendYaml, startTestGateway } from '../../harness/test-gateway.ts';
import { expectAlive, expectRefused, type Rig, readEnvelope } from './refusals.ts';

const limits = `auth_type: none
default_model: m
models:
  m: {limits: {context_window: 400, max_output_tokens: 300, tokens_per_minute: 1000000000}}
`;

async function startLimited(): Promise<Rig> {
  const backend = await startFakeBackend();
  const files = { 'backends/a/backend.yaml': backendYaml(backend.baseUrl, limits) };
  return { backend, gateway: await startTestGateway({ files, flags: { defaultBackend: 'a' } }) };
}

const messages = '"messages":[{"role":"user","content":"x"}]';

describe('fields that limits read', () => {
  const names = ['max_tokens', 'max_completion_tokens', 'n', 'best_of'];
  const values = ['"5"', '-1', '1.5', 'true', '[]', '{}', '1e400', '9007199254740993', '"1e3"', '-0.5'];
  test.each(names)('%s must be a whole number', async (name) => {
    const rig = await startLimited();
    for (const value of values) {
      const body = `{"model":"m",${messages},"${name}":${value}}`;
      await expectRefused(rig, '/v1/chat/completions', body, { code: 'invalid_request', param: name });
    }
    await expectAlive(rig);
  });

  test('n may be huge without harm', async () => {
    const rig = await startLimited();
    for (const n of [0, 1e8, 9e15]) {
      const answer = await rig.gateway.post(
        '/v1/chat/completions',
        `{"model":"m",${messages},"n":${n},"max_tokens":300}`,
      );
      expect([400, 429]).toContain(answer.status);
      readEnvelope(await answer.text());
    }
    expect(rig.backend.posts()).toEqual([]);
    await expectAlive(rig);
  });

  test('a prompt of any shape is counted, refused or passed, and nothing breaks', async () => {
    const rig = await startLimited();
    const part = fc.oneof(
      fc.jsonValue({ maxDepth: 3 }),
      fc.record({ type: fc.constantFrom('text', 'image_url', 'input_audio', 'file', 5), text: fc.jsonValue() }),
      fc.record({ type: fc.constant('image_url'), image_url: fc.jsonValue() }),
    );
    const message = fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.record({ role: fc.jsonValue({ maxDepth: 0 }), content: fc.array(part, { maxLength: 3 }) }),
      fc.record({ role: fc.constant('assistant'), tool_calls: fc.jsonValue(), name: fc.jsonValue() }),
    );
    const chat = fc.record(
      {
        messages: fc.array(message, { maxLength: 4 }),
        tools: fc.jsonValue(),
        functions: fc.jsonValue(),
        response_format: fc.jsonValue(),
      },
      { requiredKeys: ['messages'] },
    );
    const requests = fc.oneof(
      fc.tuple(fc.constant('/v1/chat/completions'), chat),
      fc.tuple(fc.constant('/v1/completions'), fc.record({ prompt: fc.oneof(fc.string(), fc.array(fc.jsonValue())) })),
      fc.tuple(fc.constant('/v1/embeddings'), fc.record({ input: fc.oneof(fc.string(), fc.array(fc.jsonValue())) })),
    );
    const property = fc.asyncProperty(requests, async ([path, body]) => {
      const answer = await rig.gateway.post(path, { model: 'm', ...body });
      const text = await answer.text();
      expect([200, 400], text).toContain(answer.status);
      if (answer.status === 400) readEnvelope(text);
    });
    await fc.assert(property, { numRuns: 250 });
    await expectAlive(rig);
  });

  test('lone surrogates and texts of one letter repeated are counted', async () => {
    const rig = await startLimited();
    for (const content of ['\\ud800', '\\udfff\\ud800', 'a'.repeat(300_000), '\\u0000', ' '.repeat(100_000)]) {
      const body = `{"model":"m","messages":[{"role":"user","content":"${content}"}]}`;
      const answer = await rig.gateway.post('/v1/chat/completions', body);
      expect([200, 400], await answer.text()).toContain(answer.status);
    }
    await expectAlive(rig);
  });
});
