import assert from 'node:assert/strict';
import OpenAI from 'openai';
import { type ChatAnswer, chat, chunks, type ErrorBody, json, spoken } from './chat.ts';
import type { Headrace } from './headrace.ts';
import { waitUntil } from './loopback.ts';
import type { Rig } from './rig.ts';
import { type LlamaServer, modelName } from './server.ts';

interface Pair {
  readonly rig: Rig;
  readonly server: LlamaServer;
  readonly headrace: Headrace;
}

async function modelSteps({ rig, headrace }: Pair): Promise<void> {
  await rig.report.step('the start line says: key none, reachable', () =>
    waitUntil('"key none" and "reachable" in what start prints', 10_000, () =>
      /key none.*(?<!un)reachable/.test(headrace.output),
    ),
  );
  await rig.report.step("/v1/models lists the server's model", async () => {
    const { data } = await json<{ data: { id: string }[] }>(await headrace.request('/v1/models'));
    assert.deepEqual(
      data.map((model) => model.id),
      [`default:${modelName}`],
    );
  });
}

async function chatSteps({ rig, server, headrace }: Pair): Promise<void> {
  await rig.report.step('chat answers what the server answers', async () => {
    const response = await headrace.request('/v1/chat/completions', chat());
    const answer = await json<ChatAnswer>(response);
    const direct = await json<ChatAnswer>(await server.direct('/v1/chat/completions', chat()));
    assert.equal(response.headers.get('x-headrace-backend'), 'default');
    assert.ok(answer.choices[0]?.message.content.length);
    assert.deepEqual(answer.choices, direct.choices);
    assert.deepEqual(answer.usage, direct.usage);
    assert.equal(answer.usage.completion_tokens, 16);
    assert.equal(answer.timings?.predicted_n, 16, "llama-server's own field is missing");
  });
  for (const [asked, sent] of [
    [`default:${modelName}`, modelName],
    ['gpt-4o', 'gpt-4o'],
    ['hf.co/someone/some-model:Q4_K_M', 'hf.co/someone/some-model:Q4_K_M'],
  ] as const) {
    await rig.report.step(`the model name ${asked} reaches the server as ${sent}`, async () => {
      const response = await headrace.request('/v1/chat/completions', chat({ model: asked }));
      await json<ChatAnswer>(response);
      assert.equal(response.headers.get('x-headrace-model'), sent);
    });
  }
  await rig.report.step("llama-server's own fields reach it: a grammar rules the answer", async () => {
    const body = chat({ grammar: 'root ::= "babo"' });
    const answer = await json<ChatAnswer>(await headrace.request('/v1/chat/completions', body));
    assert.equal(answer.choices[0]?.message.content.trim(), 'babo');
  });
  await rig.report.step('n: 2 gives two choices', async () => {
    const answer = await json<ChatAnswer>(await headrace.request('/v1/chat/completions', chat({ n: 2 })));
    assert.equal(answer.choices.length, 2);
  });
  await rig.report.step("the server's own 400 passes through", async () => {
    const response = await headrace.request('/v1/chat/completions', chat({ n: 99 }));
    const { error } = await json<ErrorBody>(response, 400);
    assert.match(error.message, /Field 'n'/);
  });
  await rig.report.step('completions', async () => {
    const body = { model: modelName, prompt: 'Once upon', max_tokens: 8, temperature: 0 };
    const answer = await json<{ choices: { text: string }[]; usage: ChatAnswer['usage'] }>(
      await headrace.request('/v1/completions', body),
    );
    assert.ok(answer.choices[0]?.text.length);
    assert.equal(answer.usage.completion_tokens, 8);
  });
  await rig.report.step('embeddings: a server without them is quoted in a 502', async () => {
    const response = await headrace.request('/v1/embeddings', { model: modelName, input: 'text' });
    const { error } = await json<ErrorBody>(response, 502);
    assert.match(error.message, /does not support embeddings/);
  });
}

async function streamSteps({ rig, headrace }: Pair): Promise<void> {
  await rig.report.step('stream: the same text in parts, [DONE], and no usage that was not asked for', async () => {
    const whole = await json<ChatAnswer>(await headrace.request('/v1/chat/completions', chat()));
    const all = await chunks(await headrace.request('/v1/chat/completions', chat({ stream: true })));
    assert.equal(spoken(all), whole.choices[0]?.message.content);
    assert.ok(all.length >= 16, `${all.length} chunks for 16 tokens`);
    assert.equal(all.filter((chunk) => chunk.usage).length, 0);
    assert.equal(all.filter((chunk) => chunk.choices.length === 0).length, 0, 'an empty chunk was left over');
  });
  await rig.report.step('stream with include_usage: one usage chunk, the last one', async () => {
    const body = chat({ stream: true, stream_options: { include_usage: true } });
    const all = await chunks(await headrace.request('/v1/chat/completions', body));
    assert.equal(all.filter((chunk) => chunk.usage).length, 1);
    assert.equal(all.at(-1)?.usage?.completion_tokens, 16);
  });
  await rig.report.step("OpenAI's own client streams", async () => {
    const client = new OpenAI({ baseURL: `${headrace.url}/v1`, apiKey: 'anything', maxRetries: 0 });
    const stream = await client.chat.completions.create({
      model: modelName,
      messages: [{ role: 'user', content: 'Hello' }],
      max_tokens: 16,
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = '';
    let tokens: number | undefined;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? '';
      tokens = chunk.usage?.completion_tokens ?? tokens;
    }
    assert.ok(text.length > 0);
    assert.equal(tokens, 16);
  });
}

/** Everything that a user of a server without a key does. */
export async function keylessSteps(rig: Rig): Promise<void> {
  await rig.group('a server without a key, --base-url alone', async () => {
    const server = await rig.server({ flags: ['--parallel', '2', '--ctx-size', '2048'] });
    const headrace = await rig.headrace({ baseUrl: server.url });
    const pair = { rig, server, headrace };
    await modelSteps(pair);
    await chatSteps(pair);
    await streamSteps(pair);
    await rig.report.step('doctor says ok and exits 0', async () => {
      const { code, output } = await rig.doctor({ baseUrl: server.url });
      assert.equal(code, 0, output);
      assert.match(output, /default.*\bok\b/);
    });
    await rig.report.step('OPENAI_API_KEY=no_key changes nothing', async () => {
      const options = { baseUrl: server.url, openaiApiKey: 'no_key' };
      const other = await rig.headrace(options);
      await json<ChatAnswer>(await other.request('/v1/chat/completions', chat()));
      const { code, output } = await rig.doctor(options);
      assert.equal(code, 0, output);
    });
  });
}
