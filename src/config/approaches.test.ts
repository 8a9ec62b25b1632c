import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { testCatalogue } from '../../test/goldens/approach-catalogue.ts';
import { loadFiles, loadGood, testFolder } from '../../test/goldens/config-folder.ts';
import { describeChanges } from './changes.ts';
import type { Config } from './config.ts';
import type { Environment } from './flags.ts';
import { loadConfig } from './load.ts';

const backend = 'backend_type: custom\napi_base_url: http://127.0.0.1:9/v1\nauth_type: none\nmodels: {m: {}, n: {}}\n';

function filesOf(yaml: string) {
  return { 'config/backends/b/backend.yaml': backend, 'config/headrace.yaml': yaml };
}

async function load(yaml: string, env: Environment = {}): Promise<Config> {
  return await loadGood(filesOf(yaml), env);
}

async function loadChecked(yaml: string, env: Environment = {}): Promise<Config> {
  const cwd = await testFolder(filesOf(yaml));
  const { config, problems } = await loadConfig({ flags: {}, env, cwd, approaches: testCatalogue });
  if (!config) throw new Error(JSON.stringify(problems));
  return config;
}

function effective({ settings }: Config): Record<string, unknown> {
  const ours = settings.effective.filter(({ name }) => name.startsWith('approaches.'));
  return Object.fromEntries(ours.map(({ name, value, source }) => [`${name} (${source})`, value]));
}

describe('the section', () => {
  const defaults = {
    fromRequest: true,
    maxCalls: 100,
    keepAliveMs: 10_000,
    codeExecution: {
      enabled: false,
      command: [],
      timeoutMs: 30_000,
      memoryBytes: 512 * 1024 * 1024,
      outputBytes: 64 * 1024,
    },
    mcpServers: new Map(),
    webSearch: undefined,
    readUrlsAllowHosts: [],
  };

  test.each([
    ['no file says it', 'workers: 1'],
    ['it is empty', 'approaches:'],
    ['its parts are empty', 'approaches: {code_execution: , mcp_servers: , readurls: }'],
  ])('has defaults where %s', async (_when, yaml) => {
    const config = await load(`${yaml}\n`);
    expect(config.approaches).toEqual(defaults);
    expect(effective(config)).toMatchObject({
      'approaches.from_request (default)': true,
      'approaches.max_calls (default)': 100,
      'approaches.keep_alive (default)': 10,
      'approaches.code_execution.enabled (default)': false,
    });
  });

  test('is taken over in the units of the gateway', async () => {
    const yaml = `approaches:
  from_request: [moa, " bon "]
  max_calls: 5
  keep_alive: 0.5
  code_execution: {enabled: true, command: [run, "", --x], timeout: 1.5, memory_mb: 2, output_kb: 3}
  mcp_servers:
    files: {command: /opt/server, args: [--root, ""], env: {A: one, B: ""}}
    team: {url: "https://mcp.example.com/mcp?a=b", headers: {X-Key: two}}
  web_search: {provider: tavily, base_url: "https://search.example.com/", api_key_env_var: SEARCH, max_results: 3}
  readurls: {allow_hosts: ["wiki:80", "[::1]"]}
`;
    const { approaches } = await load(yaml, { SEARCH: ' "the-key"\n' });
    expect(approaches).toMatchObject({
      fromRequest: new Set(['moa', 'bon']),
      maxCalls: 5,
      keepAliveMs: 500,
      codeExecution: {
        enabled: true,
        command: ['run', '', '--x'],
        timeoutMs: 1500,
        memoryBytes: 2_097_152,
        outputBytes: 3072,
      },
      webSearch: {
        provider: 'tavily',
        baseUrl: 'https://search.example.com',
        keyVariable: 'SEARCH',
        maxResults: 3,
      },
      readUrlsAllowHosts: ['wiki:80', '[::1]'],
    });
    expect(approaches.webSearch?.apiKey?.reveal()).toBe('the-key');
    const [files, team] = [approaches.mcpServers.get('files'), approaches.mcpServers.get('team')];
    expect(files).toMatchObject({ kind: 'command', name: 'files', command: '/opt/server', args: ['--root', ''] });
    expect(team).toMatchObject({ kind: 'url', name: 'team', url: 'https://mcp.example.com/mcp?a=b' });
    const secrets = files?.kind === 'command' && team?.kind === 'url' ? [...files.env, ...team.headers] : [];
    expect(secrets.map(([name, secret]) => [name, secret.reveal()])).toEqual([
      ['A', 'one'],
      ['B', ''],
      ['x-key', 'two'],
    ]);
  });

  test.each([true, false])('requests may choose all or nothing: %s', async (choice) => {
    expect((await load(`approaches: {from_request: ${choice}}\n`)).approaches.fromRequest).toBe(choice);
  });

  test('what was written and what was not is shown with its place, and a change is told', async () => {
    const before = await load('approaches: {max_calls: 5, from_request: [moa]}\n');
    const shown = effective(before);
    expect(shown).toMatchObject({
      'approaches.max_calls (config/headrace.yaml:1:25)': 5,
      'approaches.from_request[0] (config/headrace.yaml:1:43)': 'moa',
      'approaches.keep_alive (default)': 10,
    });
    expect(Object.keys(shown).filter((name) => /max_calls|from_request/.test(name))).toHaveLength(2);
    const after = await load('approaches: {max_calls: 6, from_request: [moa]}\n');
    expect((await describeChanges(before, after)).settings).toEqual(['approaches.max_calls']);
    expect((await describeChanges(before, before)).settings).toEqual([]);
  });
});

describe('secrets', () => {
  const yaml = `approaches:
  mcp_servers:
    env: {command: server, args: [plain-argument, "--token=\${ARGUMENT}"], env: {TOKEN: "\${ENV}", OWN: "\${SHORT}"}}
    headers: {url: "https://mcp.example.com/mcp?key=\${QUERY}", headers: {Authorization: "Bearer \${HEADER}"}}
    path: {url: "https://mcp.example.com/\${PATH_KEY}/sse"}
    plain: {url: "https://mcp.example.com/mcp?key=written-into-the-file"}
  web_search: {provider: brave, api_key_env_var: SEARCH}
`;
  const text = fc.stringMatching(/^[A-Za-z0-9_-]{5,40}$/).map((random) => `!${random}`);

  test('whatever they are, no setting shows them', async () => {
    const secrets = fc.record({
      ARGUMENT: text,
      ENV: text,
      SHORT: text,
      QUERY: text,
      HEADER: text,
      PATH_KEY: text,
      SEARCH: text,
    });
    const property = fc.asyncProperty(secrets, async (env) => {
      const config = await load(yaml, env);
      const shown = JSON.stringify([config.settings.effective, config.approaches.webSearch]);
      for (const secret of Object.values(env)) expect(shown).not.toContain(secret);
      expect(shown).not.toContain('written-into');
      expect(shown).toContain('plain-argument');
    });
    await fc.assert(property, { numRuns: 25 });
  });

  test('they are there all the same, and the key of the search is shown by its variable', async () => {
    const names = ['ARGUMENT', 'ENV', 'SHORT', 'QUERY', 'HEADER', 'PATH_KEY', 'SEARCH'];
    const config = await load(yaml, Object.fromEntries(names.map((name) => [name, `${name}-0123456789`])));
    const server = config.approaches.mcpServers.get('env');
    expect(server?.kind === 'command' && server.args[1]).toBe('--token=ARGUMENT-0123456789');
    expect(server?.kind === 'command' && server.env.get('TOKEN')?.reveal()).toBe('ENV-0123456789');
    expect(effective(config)).toMatchObject({
      'approaches.web_search.key (environment SEARCH)': 'env SEARCH ...6789',
      'approaches.mcp_servers.path.url (config/headrace.yaml:5:17)': 'https://mcp.example.com/[secret]',
      'approaches.mcp_servers.plain.url (config/headrace.yaml:6:18)': 'https://mcp.example.com/mcp?[secret]',
    });
  });
});

describe('a route', () => {
  async function route(yaml: string, env: Environment = {}) {
    return (await loadChecked(`routes: {r: {model: m, ${yaml}}}\n`, env)).routes.get('r');
  }

  test('has no approach by itself', async () => {
    const plain = {
      approach: 'none',
      approachParameters: {},
      budget: { maxCalls: undefined, deadlineMs: undefined, maxCost: undefined, whenSpent: 'best' },
      withTools: 'skip',
    };
    expect(await route('affinity: true')).toMatchObject(plain);
    expect(await route('approach: " none "')).toMatchObject(plain);
    const config = await load('default_backend: "b:m|b:n"\n');
    expect(config.defaultRoute).toMatchObject(plain);
  });

  test('has its approach as written, with parameters and budget', async () => {
    const yaml =
      'approach: "moa & bon", parameters: {bon: {candidates: 4}}, budget: {max_calls: 3, deadline: 0.25, max_cost: 0.05, when_spent: error}, with_tools: error';
    expect(await route(yaml)).toMatchObject({
      approach: 'moa & bon',
      approachParameters: { bon: { candidates: 4 } },
      budget: { maxCalls: 3, deadlineMs: 250, maxCost: 50_000_000, whenSpent: 'error' },
      withTools: 'error',
    });
  });

  test('any cost above nothing is at least one nano-dollar, and a whole number of them', async () => {
    const costs = [1e-12, 0.1 + 0.2, 1_000_000];
    const found = await Promise.all(costs.map((cost) => route(`approach: moa, budget: {max_cost: ${cost}}`)));
    expect(found.map((one) => one?.budget.maxCost)).toEqual([1, 300_000_000, 1e15]);
  });

  test('a parameter out of a variable is a number only where a text will not do', async () => {
    const parameters = `{candidates: "\${N}"}`;
    const found = await route(`approach: bon, parameters: ${parameters}`, { N: ' 12\n' });
    expect(found?.approachParameters).toEqual({ candidates: 12 });
    const unchecked = await load(`routes: {r: {model: m, approach: bon, parameters: ${parameters}}}\n`, {
      N: '12',
    });
    expect(unchecked.routes.get('r')?.approachParameters).toEqual({ candidates: '12' });
  });

  test('any data come through as they are', async () => {
    const data = fc.dictionary(fc.string({ minLength: 1 }), fc.jsonValue(), { maxKeys: 5 });
    const property = fc.asyncProperty(data, async (parameters) => {
      const json = JSON.stringify(parameters, (_key, value: unknown) =>
        typeof value === 'string' ? value.replaceAll('${', () => '$${') : value,
      );
      const config = await load(`routes: {r: {model: m, approach: anything, parameters: ${json}}}\n`);
      expect(JSON.stringify(config.routes.get('r')?.approachParameters)).toBe(JSON.stringify(parameters));
    });
    await fc.assert(property, { numRuns: 50 });
  });

  test('without a catalogue any name is taken', async () => {
    const yaml =
      'approaches: {from_request: [nobody-knows]}\nroutes: {r: {model: m, approach: nobody-knows, parameters: {a: 1}}}\n';
    expect((await loadFiles(filesOf(yaml))).lines).toEqual([]);
    await expect(loadChecked(yaml)).rejects.toThrow('there is no approach');
  });

  test('another approach, parameter or budget is a change of it', async () => {
    const yamls = [
      'approach: bon',
      'approach: moa',
      'approach: bon, parameters: {candidates: 4}',
      'approach: bon, budget: {max_calls: 4}',
      'approach: bon, with_tools: error',
    ];
    const [first, ...others] = await Promise.all(yamls.map((yaml) => load(`routes: {r: {model: m, ${yaml}}}\n`)));
    if (!first) throw new Error('nothing was loaded');
    for (const other of others) expect((await describeChanges(first, other)).routes.changed).toEqual(['r']);
    const moved = await load('routes:\n  r: {model: m, approach: bon}\n');
    expect((await describeChanges(first, moved)).routes.changed).toEqual([]);
  });
});
