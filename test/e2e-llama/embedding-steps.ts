import assert from 'node:assert/strict';
import OpenAI from 'openai';
import { json } from './chat.ts';
import type { Rig } from './rig.ts';
import { modelName } from './server.ts';
import { tinyModel } from './tiny-gguf.ts';

interface Embeddings {
  readonly data: readonly { readonly index: number; readonly embedding: readonly number[] }[];
  readonly usage: { readonly prompt_tokens: number };
}

/** A server in its embeddings mode. */
export async function embeddingSteps(rig: Rig): Promise<void> {
  await rig.group('a server with --embeddings', async () => {
    const server = await rig.server({ flags: ['--embeddings', '--pooling', 'mean', '--ctx-size', '2048'] });
    const headrace = await rig.headrace({ baseUrl: server.url });
    await rig.report.step('embeddings of two texts are those of the server', async () => {
      const body = { model: modelName, input: ['a mill wheel', 'Mühlrad'] };
      const answer = await json<Embeddings>(await headrace.request('/v1/embeddings', body));
      const direct = await json<Embeddings>(await server.direct('/v1/embeddings', body));
      assert.equal(answer.data.length, 2);
      assert.equal(answer.data[0]?.embedding.length, tinyModel.width);
      assert.deepEqual(answer, direct);
      assert.ok(answer.usage.prompt_tokens > 0);
    });
    await rig.report.step("OpenAI's own client reads them as base64", async () => {
      const client = new OpenAI({ baseURL: `${headrace.url}/v1`, apiKey: 'anything', maxRetries: 0 });
      const { data } = await client.embeddings.create({ model: modelName, input: 'a mill wheel' });
      const length = Math.hypot(...(data[0]?.embedding ?? []));
      assert.equal(data[0]?.embedding.length, tinyModel.width);
      assert.ok(Math.abs(length - 1) < 1e-3, `a vector of length ${length}`);
    });
  });
}
