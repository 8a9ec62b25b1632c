import { describe, expect, it } from 'vitest';
import { startFakeBackend } from '../../test/fake-backend/fake-backend.ts';
import { backendYaml, startTestGateway } from '../../test/harness/test-gateway.ts';

const events = ['data: {"choices":[{"delta":{"content":"a"}}]}\n\n', 'data: [DONE]\n\n'];
const body = { model: 'a:m', stream: true, messages: [{ role: 'user', content: 'hello' }] };

async function streamText(settings: string): Promise<string> {
  const backend = await startFakeBackend([{ chunks: events, chunk_delay_ms: 350 }]);
  const gateway = await startTestGateway({
    files: { 'backends/a/backend.yaml': backendYaml(`${backend.url}/v1`), 'headrace.yaml': settings },
  });
  return (await gateway.post('/v1/chat/completions', body)).text();
}

describe('a stream that is silent for a while', () => {
  it('gets comments between its events, and nothing else is changed', async () => {
    const text = await streamText('stream_heartbeat: 0.1');
    expect(text).toMatch(/^data: \{.*\}\n\n(: keep-alive\n\n)+data: \[DONE\]\n\n$/);
  });

  it('gets none where they are switched off', async () => {
    expect(await streamText('stream_heartbeat: 0')).toBe(events.join(''));
  });
});
