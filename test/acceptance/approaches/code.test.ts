import { describe, expect, it } from 'vitest';
import { catalogue } from '../../../src/approaches/catalogue.ts';
import { ConfigLoader } from '../../../src/config/config-loader.ts';
import { formatProblem } from '../../../src/config/problem.ts';
import { startFakeBackend } from '../../fake-backend/fake-backend.ts';
import { hasSandbox, recipe } from '../../harness/code-sandbox.ts';
import { backendYaml, startTestGateway, writeConfig } from '../../harness/test-gateway.ts';

const names = ['coc', 'z3', 'executecode'];
const messages = [{ role: 'user', content: 'QUESTION' }];

async function start(settings: string, reply = '```python\nanswer = 6 * 7\nprint(answer)\n```') {
  const backend = await startFakeBackend(() => ({ content: reply }));
  const files = { 'backends/u/backend.yaml': backendYaml(backend.baseUrl), 'headrace.yaml': settings };
  return { backend, ...(await startTestGateway({ files })) };
}

describe('approaches that run code', () => {
  it.each(names)('%s is refused while no code may be run, with how to allow it', async (name) => {
    const { backend, post } = await start('');
    const answers = [
      await post('/v1/chat/completions', { model: 'u:m', messages, headrace_approach: name }),
      await post('/v1/chat/completions', { model: 'u:m', messages }, { 'x-headrace-approach': `re2|${name}` }),
      await post('/v1/chat/completions', { model: `${name}-u:m`, messages }),
    ];
    for (const answer of answers) {
      expect(answer.status).toBe(400);
      const { error } = (await answer.json()) as { error: { code: string; message: string } };
      expect(error.code).toBe('invalid_request');
      expect(error.message).toContain(name);
      expect(error.message).toMatch(/approaches\.code_execution.*enabled: true/);
    }
    expect(backend.posts()).toHaveLength(0);
  });

  it.each(names)('%s in a route is a problem while no code may be run', async (name) => {
    const folder = await writeConfig({
      'backends/u/backend.yaml': backendYaml('http://127.0.0.1:9'),
      'headrace.yaml': `routes:\n  r: {model: "u:m", approach: ${name}}\n`,
    });
    const loader = new ConfigLoader({ flags: { configDir: folder }, env: {}, cwd: folder, approaches: catalogue });
    const { problems, config } = await loader.load();
    expect(config).toBeUndefined();
    expect(problems.map(formatProblem)).toEqual([
      expect.stringMatching(/headrace\.yaml:2:\d+: routes\.r\.approach: .*approaches\.code_execution/),
    ]);
  });

  it.skipIf(!hasSandbox).each(names)('%s runs code in the sandbox of the page', async (name) => {
    const { post } = await start(`${recipe.text}routes:\n  r: {model: "u:m", approach: ${name}}\n`);
    const answer = await post('/v1/chat/completions', { model: 'r', messages });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ headrace: { approach: name, executed: true } });
  });
});
