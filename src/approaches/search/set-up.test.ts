import { describe, expect, test } from 'vitest';
import { startFakeBackend } from '../../../test/fake-backend/fake-backend.ts';
import { testFolder } from '../../../test/goldens/config-folder.ts';
import { backendYaml, startTestGateway } from '../../../test/harness/test-gateway.ts';
import { loadConfig } from '../../config/load.ts';
import { formatProblem } from '../../config/problem.ts';
import { catalogue } from '../catalogue.ts';
import { serveText } from '../web/test-pages.ts';
import { searchKey, sendJson, startSearch } from './test-search.ts';

const names = ['web_search', 'deep_research'];

describe('without a search', () => {
  test.each(names)('a route with %s is a problem that says what to do', async (approach) => {
    const cwd = await testFolder({
      'config/backends/u/backend.yaml': backendYaml('http://127.0.0.1:9/v1', 'auth_type: none\nmodels: {m: {}}'),
      'config/headrace.yaml': `routes: {r: {model: "u:m", approach: ${approach}}}`,
    });
    const { problems } = await loadConfig({ flags: {}, env: {}, cwd, approaches: catalogue });
    const lines = problems.map(formatProblem);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/routes\.r\.approach.*approaches\.web_search/);
  });

  test.each(names)('a request for %s is a 400 that says what to do', async (approach) => {
    const backend = await startFakeBackend();
    const yaml = backendYaml(backend.baseUrl, 'auth_type: none');
    const gateway = await startTestGateway({ files: { 'backends/u/backend.yaml': yaml } });
    const body = { model: 'u:m', messages: [{ role: 'user', content: 'What?' }], headrace_approach: approach };
    const response = await gateway.post('/v1/chat/completions', body);
    const { error } = (await response.json()) as { error: { code: string; message: string } };
    expect([response.status, error.code]).toEqual([400, 'invalid_request']);
    expect(error.message).toContain('approaches.web_search');
    expect(backend.posts()).toHaveLength(0);
  });
});

test('a gateway searches as its file says, and tells nobody the key', async () => {
  const page = await serveText('The owl is called Minerva.');
  const { asked, host } = await startSearch((_, response) => {
    sendJson(response, { type: 'search', web: { results: [{ url: `http://${page}/`, title: 'Owls' }] } });
  });
  const backend = await startFakeBackend([{ content: 'Minerva.' }]);
  const gateway = await startTestGateway({
    files: {
      'backends/u/backend.yaml': backendYaml(backend.baseUrl, 'auth_type: none\nmodels: {m: {}}'),
      'headrace.yaml': `
approaches:
  web_search: {provider: brave, base_url: "http://${host}/", api_key_env_var: MY_SEARCH_KEY, max_results: 3}
  readurls: {allow_hosts: ["127.0.0.1"]}
routes:
  r: {model: "u:m", approach: "privacy&web_search"}
`,
    },
    env: { MY_SEARCH_KEY: searchKey },
  });
  const question = 'Which owl belongs to athena@example.com?';
  const body = { model: 'r', messages: [{ role: 'user', content: question }] };
  const response = await gateway.post('/v1/chat/completions', body);
  const text = await response.text();
  expect([response.status, JSON.parse(text).choices[0].message.content]).toEqual([200, 'Minerva.']);
  expect(asked.map(({ query }) => query)).toEqual(['Which owl belongs to <EMAIL_1>?']);
  expect(asked[0]?.headers['x-subscription-token']).toBe(searchKey);
  expect(asked[0]?.url.searchParams.get('count')).toBe('3');
  expect(JSON.stringify(backend.posts()[0]?.json)).toContain('Minerva');
  expect(text + JSON.stringify(gateway.log())).not.toContain(searchKey);
});
