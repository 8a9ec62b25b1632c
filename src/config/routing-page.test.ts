import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { loadFiles } from '../../test/goldens/config-folder.ts';

const local = 'backend_type: custom\napi_base_url: http://127.0.0.1:9/v1\nauth_type: none\n';
const backends = Object.fromEntries(
  ['primary', 'spare', 'local'].map((name) => [`config/backends/${name}/backend.yaml`, local]),
);
const env = { PRIMARY_KEY_1: 'first-key-of-the-page', PRIMARY_KEY_2: 'second-key-of-the-page' };
const page = await readFile(new URL('../../docs/routing.md', import.meta.url), 'utf8');
const examples = [...page.matchAll(/^```yaml\n# (config\/\S+)\n([\s\S]*?)^```$/gm)];

test('the page has examples, each with the file that it stands in', () => {
  expect(examples.length).toBeGreaterThan(4);
  expect([...page.matchAll(/^```yaml$/gm)]).toHaveLength(examples.length);
});

test.each(examples.map(([, file = '', text = '']) => [file, text]))(
  '%s is accepted as it stands',
  async (file, text) => {
    const { config, lines } = await loadFiles({ ...backends, [file]: text }, env);
    expect(lines).toEqual([]);
    expect(config).toBeDefined();
  },
);
