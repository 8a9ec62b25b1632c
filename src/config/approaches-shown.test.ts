import { expect, test } from 'vitest';
import { runCommand } from '../../test/harness/command-line.ts';
import { startTestGateway, writeConfig } from '../../test/harness/test-gateway.ts';

const yaml = `approaches:
  max_calls: 7
  mcp_servers:
    files: {command: my-server, args: ["--token=\${FILES_TOKEN}"], env: {FILES: "\${FILES_TOKEN}"}}
    team: {url: "https://mcp.example.com/mcp?key=\${TEAM_KEY}", headers: {Authorization: "Bearer \${TEAM_KEY}"}}
  web_search: {provider: brave, api_key_env_var: SEARCH_KEY}
`;
// Their names make them canaries of the harness: nothing that the gateway tells may hold them.
const env = {
  FILES_TOKEN: 'token-of-the-files',
  TEAM_KEY: 'key-of-the-team',
  SEARCH_KEY: 'key-of-the-search',
  HEADRACE_ADMIN_KEY: 'key-of-the-admin',
};

test('GET /admin/config shows the section, and of secrets at most their ends', async () => {
  const gateway = await startTestGateway({ files: { 'headrace.yaml': yaml }, env });
  const answer = await gateway.get('/admin/config', { authorization: `Bearer ${env.HEADRACE_ADMIN_KEY}` });
  const { settings } = (await answer.json()) as { settings: { name: string; value: unknown; source: string }[] };
  const shown = Object.fromEntries(settings.map(({ name, value }) => [name, value]));
  expect(shown).toMatchObject({
    'approaches.max_calls': 7,
    'approaches.keep_alive': 10,
    'approaches.mcp_servers.files.command': 'my-server',
    'approaches.mcp_servers.files.env.FILES': '...iles',
    'approaches.mcp_servers.team.headers.Authorization': '...team',
    'approaches.mcp_servers.team.url': 'https://mcp.example.com/[secret]',
    'approaches.web_search.key': 'env SEARCH_KEY ...arch',
  });
});

test('so does --print-config', async () => {
  const cwd = await writeConfig({ 'config/headrace.yaml': yaml });
  const command = runCommand(['start', '--print-config'], { cwd, env });
  expect((await command.exit).code).toBe(0);
  expect(command.stdout()).toMatch(/^approaches\.max_calls = 7 {2}\(.*headrace\.yaml:2:14\)$/m);
  expect(command.stdout()).toMatch(/^approaches\.code_execution\.enabled = false {2}\(default\)$/m);
  expect(command.stdout()).toMatch(
    /^approaches\.web_search\.key = env SEARCH_KEY \.\.\.arch {2}\(environment SEARCH_KEY\)$/m,
  );
});
