import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ConfigLoader } from './config-loader.ts';
import { fingerprint } from './fingerprint.ts';
import { type LoadedConfig, loadConfig } from './load.ts';
import { formatProblem } from './problem.ts';

const env = { KEY: 'a-key-of-a-backend-01' };

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'headrace-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** undefined takes the file away. */
async function write(folder: string, name: string, text: string | undefined): Promise<void> {
  const path = join(folder, name);
  if (text === undefined) return rm(path, { force: true });
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

function describeLoaded({ problems, config, sources }: LoadedConfig): string {
  const contents = [...sources.contents].toSorted(); // in which order they were read is chance
  return `${problems.map(formatProblem).join('\n')}\n${fingerprint({ config, contents })}`;
}

const backend = (model: string, more = '') =>
  `backend_type: custom\napi_base_url: http://127.0.0.1:9/v1\nauth_type: none\nmodels:\n  ${model}: {}\n${more}`;
const connectors = (internal: string) =>
  `[p]\nbase_url = "http://127.0.0.1:9/v1"\napi_key = "\${KEY}"\n[p.c]\ninternal = "${internal}"\nexternal = "x"\n`;

const withTokenizer = backend('one').replace('one: {}', 'one: {tokenizer: tokenizer.json}');
const withPort = backend('one').replace(':9/', ':8765/');

/** What a file comes to depends on another one: the gateway's own address, and whether a tokenizer is there. */
const ownAddress = [
  { name: 'backends/a/backend.yaml', text: withPort },
  { name: 'headrace.yaml', text: 'listen: {port: 8765}\n' },
];
const missingTokenizer = [
  { name: 'backends/a/tokenizer.json', text: '{}' },
  { name: 'backends/a/backend.yaml', text: withTokenizer },
  { name: 'backends/a/tokenizer.json', text: undefined },
];

const edits = fc.oneof(
  fc.record({
    name: fc.constantFrom('backends/a/backend.yaml', 'backends/b/backend.yaml', 'backends/c d/backend.yaml'),
    text: fc.constantFrom(
      undefined,
      backend('one'),
      backend('two'),
      backend('one', 'default_model: three\n'),
      withTokenizer,
      withPort,
      'backend_type: custom\nmodels: [\n',
      'backend_type: costum\n',
      'api_key_env_var: UNSET\nbackend_type: openai\n',
    ),
  }),
  fc.record({
    name: fc.constant('external-api-connectors.toml'),
    text: fc.constantFrom(undefined, '', connectors('one'), connectors('other'), '[p]\nbase_url = 5\n', '[broken'),
  }),
  fc.record({
    name: fc.constant('headrace.yaml'),
    text: fc.constantFrom(
      undefined,
      'listen: {port: 8765}\n',
      'connectors: other.toml\n',
      'default_backend: a\n',
      'wrong: 1\n',
    ),
  }),
  fc.record({
    name: fc.constantFrom('other.toml', 'backends/a/tokenizer.json', 'backends/b/notes.txt'),
    text: fc.constantFrom(undefined, '{}'),
  }),
);

describe('loading again', () => {
  test('gives what loading for the first time gives, whatever has changed', async () => {
    const holds = fc.asyncProperty(fc.array(edits, { minLength: 1, maxLength: 12 }), async (steps) => {
      const folder = await mkdtemp(join(tmpdir(), 'headrace-test-'));
      try {
        const options = { flags: { configDir: folder }, env, cwd: folder };
        const loader = new ConfigLoader(options);
        await loader.load();
        for (const { name, text } of steps) {
          await write(folder, name, text);
          expect(describeLoaded(await loader.load())).toBe(describeLoaded(await loadConfig(options)));
        }
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    });
    await fc.assert(holds, { numRuns: 25, examples: [[ownAddress], [missingTokenizer]] });
  });

  test('keeps what came of a file whose bytes are the same, and of no other', async () => {
    const folder = await makeFolder();
    const names = ['a', 'b', 'c'];
    for (const name of names) await write(folder, `backends/${name}/backend.yaml`, backend('one'));
    await write(folder, 'external-api-connectors.toml', connectors('con'));
    const loader = new ConfigLoader({ flags: { configDir: folder }, env, cwd: folder });
    const first = (await loader.load()).config;
    await write(folder, 'backends/a/backend.yaml', backend('one')); // looks new only
    await write(folder, 'backends/b/backend.yaml', backend('two'));
    const second = (await loader.load()).config;
    const isKept = (name: string) => first?.backends.get(name) === second?.backends.get(name);
    expect(names.map(isKept)).toEqual([true, false, true]);
    expect(second?.providers).toBe(first?.providers);
    expect([...(second?.backends.get('b')?.models.keys() ?? [])]).toEqual(['two']);
  });

  test('leaves room for other work while it parses many changed files', async () => {
    const folder = await makeFolder();
    const names = Array.from({ length: 150 }, (_, i) => `backends/b${i}/backend.yaml`);
    const models = Array.from({ length: 20 }, (_, i) => `  m${i}: {limits: {context_window: 1000}}\n`).join('');
    for (const name of names) await write(folder, name, backend('one', models));
    const loader = new ConfigLoader({ flags: { configDir: folder }, env, cwd: folder });
    await loader.load();
    for (const name of names) await write(folder, name, backend('two', models));
    let turns = 0;
    let isLoading = true;
    const count = () => {
      turns++;
      if (isLoading) setTimeout(count, 0);
    };
    count();
    expect((await loader.load()).config?.backends.size).toBe(150);
    isLoading = false;
    expect(turns).toBeGreaterThan(15);
  });
});
