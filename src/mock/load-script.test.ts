import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startFakeBackend } from '../../test/fake-backend/fake-backend.ts';
import { postJson } from '../../test/fake-backend/http-client.ts';
import { loadScript, parseScript } from './load-script.ts';

async function scriptFile(name: string, text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mock-script-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, name);
  await writeFile(file, text);
  return file;
}

test('a script in YAML plays', async () => {
  const file = await scriptFile(
    'script.yaml',
    [
      'mount: /x',
      'models: [a, {id: b, context_window: 9}]',
      'routes:',
      '  - {path: embeddings, replies: [{status: 503, retry_after: 3}]}',
      'replies:',
      '  - text: first',
      '  - chunks: ["data: 1\\n\\n", {base64: eA==}]',
    ].join('\n'),
  );
  const server = await startFakeBackend(await loadScript(file));
  expect((await postJson(`${server.url}/x/embeddings`, {})).headers['retry-after']).toBe('3');
  expect((await postJson(`${server.url}/x/completions`, {})).text).toBe('first');
  expect((await postJson(`${server.url}/x/completions`, {})).text).toBe('data: 1\n\nx');
});

test('a JSON list is a list of replies', async () => {
  const file = await scriptFile('script.json', '[{"status": 500}, {"content": "hi", "usage": null}]');
  expect(await loadScript(file)).toEqual({ replies: [{ status: 500 }, { content: 'hi', usage: null }] });
});

function problemsOf(text: string): readonly string[] {
  try {
    parseScript(text, 's.yaml');
  } catch (error) {
    return (error as { problems: readonly string[] }).problems;
  }
  return [];
}

test('every problem is told with its place, all in one run', () => {
  const text = [
    'profil: vllm',
    'delay_ms: soon',
    'replies:',
    '  - stauts: 500',
    '    chunk_bytes: 0',
    '  - json: 1',
    '    text: x',
  ];
  expect(problemsOf(text.join('\n'))).toEqual([
    's.yaml:1:1: profil: unknown field, did you mean profile?',
    's.yaml:2:11: delay_ms: must be whole milliseconds from 0 to 2147483647',
    's.yaml:4:5: replies[0].stauts: unknown field, did you mean status?',
    's.yaml:5:18: replies[0].chunk_bytes: must be a whole number from 1 on',
    's.yaml:7:11: replies[1].text: a reply has one body, and this one has json already',
  ]);
  expect(problemsOf('- {}\n- status: 1000')).toEqual(['s.yaml:2:11: [1].status: must be a status from 200 to 599']);
  expect(problemsOf('replies: []')).toEqual(['s.yaml:1:10: replies: must have a reply']);
  expect(problemsOf('delay_ms: 1\ndelay_ms: 2')).toEqual(['s.yaml:2:1: Map keys must be unique']);
  expect(problemsOf('replies: [')[0]).toMatch(/^s\.yaml:1:\d+: /);
  expect(problemsOf('just text')[0]).toMatch(/^s\.yaml:1:1: /);
});

test('a file that is not there is named', async () => {
  await expect(loadScript('/nonexistent/script.yaml')).rejects.toThrow('/nonexistent/script.yaml: cannot be read');
});
