import assert from 'node:assert/strict';
import { type ChatAnswer, chat, json, refused } from './chat.ts';
import type { Rig } from './rig.ts';
import { type LlamaServer, modelName } from './server.ts';

const rightKey = 'a right key without any prefix';
const wrongKey = 'wrong-key-of-this-run-4242';

async function wrongKeySteps(rig: Rig, server: LlamaServer): Promise<void> {
  const options = { baseUrl: server.url, openaiApiKey: wrongKey };
  const headrace = await rig.headrace(options);
  for (const stream of [false, true]) {
    await rig.report.step(`a wrong key, stream ${stream}: 502 that says whose key was refused`, async () => {
      const response = await headrace.request('/v1/chat/completions', chat({ stream }));
      const message = await refused(response, 502, 'upstream_auth_failed');
      for (const part of ['default', new URL(server.url).host, 'OPENAI_API_KEY', '4242']) {
        assert.ok(message.includes(part), `no "${part}" in: ${message}`);
      }
      assert.equal(response.headers.get('x-should-retry'), 'false');
    });
  }
  await rig.report.step('doctor exits 1 and says that the key of OPENAI_API_KEY was refused', async () => {
    const { code, output } = await rig.doctor(options);
    assert.equal(code, 1, output);
    assert.match(output, /401|refused/);
    assert.match(output, /OPENAI_API_KEY/);
    assert.ok(!output.includes(wrongKey), 'the whole key is printed');
  });
  await rig.report.step('the gateway never printed the key', async () => {
    assert.ok(!headrace.output.includes(wrongKey), 'the whole key is printed');
  });
}

async function noKeySteps(rig: Rig, server: LlamaServer): Promise<void> {
  const options = { baseUrl: server.url };
  const headrace = await rig.headrace(options);
  await rig.report.step(
    "no key: 502 that says what would supply one; the client's own key is not passed on",
    async () => {
      const response = await fetch(`${headrace.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${rightKey}`, 'x-api-key': rightKey },
        body: JSON.stringify(chat()),
      });
      const message = await refused(response, 502, 'upstream_auth_failed');
      assert.match(message, /no key/);
      assert.match(message, /OPENAI_API_KEY/);
    },
  );
  await rig.report.step('doctor exits 1 and says that OPENAI_API_KEY would supply one', async () => {
    const { code, output } = await rig.doctor(options);
    assert.equal(code, 1, output);
    assert.match(output, /OPENAI_API_KEY/);
  });
}

/** A server that wants a key: with the right one, a wrong one and none. */
export async function keySteps(rig: Rig): Promise<void> {
  await rig.group('a server with --api-key', async () => {
    const server = await rig.server({ apiKey: rightKey, flags: ['--ctx-size', '2048'] });
    const options = { baseUrl: server.url, openaiApiKey: rightKey };
    const headrace = await rig.headrace(options);
    await rig.report.step('the right key, in quotes and with a line end: chat and the list of models', async () => {
      const quoted = await rig.headrace({ ...options, openaiApiKey: `"${rightKey}"\r\n` });
      for (const gateway of [headrace, quoted]) {
        await json<ChatAnswer>(await gateway.request('/v1/chat/completions', chat()));
        const { data } = await json<{ data: { id: string }[] }>(await gateway.request('/v1/models'));
        assert.equal(data[0]?.id, `default:${modelName}`);
      }
    });
    await rig.report.step('doctor says ok and exits 0', async () => {
      const { code, output } = await rig.doctor(options);
      assert.equal(code, 0, output);
    });
    await wrongKeySteps(rig, server);
    await noKeySteps(rig, server);
  });
}
