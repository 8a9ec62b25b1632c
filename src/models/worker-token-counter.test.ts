import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import type { PromptKind } from './token-counter.ts';
import { WorkerTokenCounter } from './worker-token-counter.ts';

const counters: WorkerTokenCounter[] = [];
afterEach(() => Promise.all(counters.splice(0).map((counter) => counter.close())));

function start(workerUrl?: URL): WorkerTokenCounter {
  const counter = new WorkerTokenCounter(workerUrl === undefined ? {} : { workerUrl });
  counters.push(counter);
  return counter;
}

function measure(counter: WorkerTokenCounter, kind: PromptKind, body: unknown, signal?: AbortSignal) {
  return counter.measure(kind, Buffer.from(JSON.stringify(body)), 'o200k_base', signal);
}

const user = (content: unknown) => ({ messages: [{ role: 'user', content }] });
const million = 'ab'.repeat(500_000);

describe('WorkerTokenCounter', () => {
  it('measures a chat by the published formula', async () => {
    const tools = [{ type: 'function', function: { name: 'look_up', parameters: { type: 'object' } } }];
    const schema = { name: 'answer', schema: { type: 'object' } };
    const body = {
      messages: [
        { role: 'system', content: 'Answer in one word. <|endoftext|>' },
        {
          role: 'user',
          name: 'ann',
          content: [
            { type: 'text', text: 'What is this?' },
            { type: 'image_url', image_url: { url: 'https://example.com/a.png', detail: 'low' } },
            { type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } },
          ],
        },
      ],
      tools,
      response_format: { type: 'json_schema', json_schema: schema },
    };
    const texts = ['system', 'Answer in one word. <|endoftext|>', 'user', 'ann', 'What is this?'];
    texts.push(JSON.stringify(tools[0]), JSON.stringify(schema));
    const tokens = texts.map((text) => countTokens(text, { disallowedSpecial: new Set() }));
    const total = 3 + 2 * 3 + 1 + 85 + tokens.reduce((sum, count) => sum + count, 0);
    expect(await measure(start(), 'chat', body)).toEqual({ total, largest: total, uncounted: ['input_audio'] });
  });

  it('gives the sum and the largest of several prompts', async () => {
    const counter = start();
    expect(await measure(counter, 'completions', { prompt: [[1, 2, 3], [4]] })).toMatchObject({ total: 4, largest: 3 });
    expect(await measure(counter, 'embeddings', { input: ['hello world', 'hello'] })).toMatchObject({
      total: 3,
      largest: 2,
    });
  });

  it('counts texts each by itself, in each encoding, and again from its memory', async () => {
    const counter = start();
    const texts = ['hello world', '', '漢'.repeat(300)];
    const first = await counter.count(texts, 'cl100k_base');
    expect(first).toEqual([2, 0, 600]);
    expect(await counter.count(texts, 'cl100k_base')).toEqual(first);
    expect(await counter.count(texts, 'o200k_base')).toEqual([2, 0, 300]);
  });

  it('leaves the bytes that it is given as they are', async () => {
    const whole = Buffer.from(`xx${JSON.stringify(user('hello'))}xx`);
    await start().measure('chat', whole.subarray(2, -2), 'o200k_base');
    expect(whole.toString()).toBe(`xx${JSON.stringify(user('hello'))}xx`);
  });

  it('answers small requests while a large one is counted', async () => {
    const counter = start();
    await measure(counter, 'chat', user('hello'));
    const order: string[] = [];
    const large = measure(counter, 'chat', user(million)).then(() => order.push('large'));
    for (let number = 0; number < 3; number++) {
      await measure(counter, 'chat', user('hello'));
      order.push('small');
    }
    await large;
    expect(order).toEqual(['small', 'small', 'small', 'large']);
  });

  it('drops a count that is aborted', async () => {
    const counter = start();
    const reason = new Error('gone');
    await expect(measure(counter, 'chat', user('x'), AbortSignal.abort(reason))).rejects.toBe(reason);
    await measure(counter, 'chat', user('hello'));
    const controller = new AbortController();
    const large = measure(counter, 'chat', user('漢'.repeat(3_000_000)), controller.signal);
    setTimeout(() => controller.abort(reason), 5);
    await expect(large).rejects.toBe(reason);
    expect(await measure(counter, 'chat', user('hello'))).toMatchObject({ total: 8 });
  });

  it('says what is wrong with a tokenizer or a body, without quoting the body, and goes on', async () => {
    const counter = start();
    await expect(counter.count(['a'], '/no/tokenizer.json')).rejects.toMatchObject({
      code: 'internal_error',
      message: expect.stringContaining('/no/tokenizer.json'),
    });
    const broken = counter.measure('chat', Buffer.from('{"messages":["secret\\q"]}'), 'o200k_base');
    await expect(broken).rejects.toMatchObject({ message: 'Counting tokens failed. The body is no JSON.' });
    expect(await counter.count(['hello'], 'o200k_base')).toEqual([1]);
  });

  it('rejects what waits when the worker dies, and starts another', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'worker-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const file = join(folder, 'worker.mjs');
    await writeFile(
      file,
      `import { parentPort } from 'node:worker_threads';
       parentPort.on('message', (task) => {
         if (task.texts[0] === 'throw') throw new Error('out of order');
         if (task.texts[0] === 'exit') process.exit(7);
         if (task.texts[0] !== 'hang') parentPort.postMessage({ id: task.id, result: [task.texts.length] });
       });`,
    );
    const counter = start(pathToFileURL(file));
    for (const [how, why] of [
      ['throw', 'out of order'],
      ['exit', 'code 7'],
    ] as const) {
      const waiting = counter.count(['hang'], 'x');
      const message = expect.stringContaining(why);
      await expect(counter.count([how], 'x')).rejects.toMatchObject({ code: 'internal_error', message });
      await expect(waiting).rejects.toMatchObject({ code: 'internal_error', message });
      expect(await counter.count(['a', 'b'], 'x')).toEqual([2]);
    }
  });

  it('rejects what waits when it is closed, and every later call', async () => {
    const counter = start();
    const waiting = expect(measure(counter, 'chat', user(million))).rejects.toThrow('closed');
    await counter.close();
    await waiting;
    await expect(counter.count(['a'], 'o200k_base')).rejects.toThrow('closed');
  });

  it('keeps the process alive while it counts, and no longer', async () => {
    const url = new URL('./worker-token-counter.ts', import.meta.url).href;
    const script = `const { WorkerTokenCounter } = await import(${JSON.stringify(url)});
      console.log(await new WorkerTokenCounter().count(['hello'], 'o200k_base'));`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
    expect(stdout.trim()).toBe('[ 1 ]');
  });
});
