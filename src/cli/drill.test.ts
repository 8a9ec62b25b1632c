import { spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { startFakeBackend } from '../../test/fake-backend/fake-backend.ts';
import { backendYaml, writeConfig } from '../../test/harness/test-gateway.ts';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));
const quick = ['--seconds', '0.9', '--rate', '30', '--patience', '0'];

/** Runs the command to its end in a folder with these files. */
async function drill(
  files: Readonly<Record<string, string>>,
  flags: readonly string[],
  env: Readonly<Record<string, string>> = {},
) {
  const cwd = await writeConfig(files);
  const child = spawn(process.execPath, [main, 'drill', ...flags], { cwd, env });
  onTestFinished(() => void child.kill('SIGKILL'));
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (piece) => {
    stdout += piece;
  });
  child.stderr.on('data', (piece) => {
    stderr += piece;
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { cwd, code, stdout, stderr };
}

/** The rows of the tables, by their scenarios. */
function rowsOf(text: string): Record<string, string[]> {
  const rows = text.split('\n').filter((line) => line.startsWith('|'));
  const cells = rows.map((row) => row.split('|').map((cell) => cell.trim()));
  return Object.fromEntries(cells.map(([, name = '', ...others]) => [name, others]));
}

const closed = 'http://127.0.0.1:9/v1';
const pair = {
  'config/backends/a/backend.yaml': backendYaml(closed),
  'config/backends/b/backend.yaml': backendYaml(closed),
};

test('a route with two candidates survives each fault at the first, and says how', async () => {
  const files = { ...pair, 'config/headrace.yaml': 'routes: {fast: {candidates: ["a:m", "b:m"]}}' };
  const { code, stdout, stderr } = await drill(files, quick);
  expect(stderr).toBe('');
  expect(stdout).toContain('## `fast`\n\nCandidates: `a:m`, `b:m`\n\nFaults at `a:m`:\n');
  const rows = rowsOf(stdout);
  const names = ['healthy', 'outage', 'errors', 'storm', 'hang', 'cut', 'drip', 'soft-error', 'empty', 'wrong-usage'];
  expect(Object.keys(rows).slice(2)).toEqual([...names, 'auth']);
  for (const name of [...names, 'auth']) expect([name, rows[name]?.[2]]).toEqual([name, '0']);
  for (const name of ['errors', 'hang']) expect(rows[name]?.[6]).toMatch(/^[\d.]+ m?s$/);
  expect(rows.healthy?.at(-2)).toBe('all answered');
  expect(rows.errors?.at(-2)).toMatch(/^nothing lost; the candidate did not serve again within 0 s .*opens for 5 s/);
  expect(Number(rows.cut?.[3])).toBeGreaterThan(0);
  expect(stdout).toContain('11 scenarios; none lost a request that another candidate could have saved.');
  expect(code).toBe(0);
});

test('a route whose settings forbid the second candidate loses requests: exit code 1', async () => {
  const route = '{candidates: ["a:m", "b:m"], retry: {max_attempts: 1}}';
  const files = { ...pair, 'config/headrace.yaml': `routes: {fast: ${route}, other: {model: "b:m"}}` };
  const { code, stdout } = await drill(files, ['fast', '--scenarios', 'errors, healthy', '--json', ...quick]);
  expect(code).toBe(1);
  const report = JSON.parse(stdout);
  expect(report).toMatchObject({ seconds: 0.9, rate: 30, ok: false });
  expect(report.routes.map((one: { route: string }) => one.route)).toEqual(['fast']);
  const [healthy, errors] = report.routes[0].scenarios;
  expect(healthy).toMatchObject({ scenario: 'healthy', failed: 0, success_rate: 1, lost: false });
  expect(errors).toMatchObject({ scenario: 'errors', candidate: 'a:m', broken: 0, lost: true });
  expect(errors.failed).toBeGreaterThan(0);
  expect(errors.requests).toBe(errors.whole + errors.failed);
  expect(errors.codes).toEqual({ upstream_error: errors.failed });
  expect(errors.verdict).toMatch(/^LOST: \d+ of \d+ failed \(\d+ x upstream_error\) although b:m could have answered/);
});

test('a deadline that leaves no time for a second try still leaves none when all times are shorter', async () => {
  const files = {
    ...pair,
    'config/backends/a/backend.yaml': backendYaml(closed, 'auth_type: none\ntimeout: 600'),
    'config/headrace.yaml': 'routes: {fast: {candidates: ["a:m", "b:m"], timeouts: {total: 300}}}',
  };
  const { code, stdout } = await drill(files, ['--scenarios', 'hang', ...quick]);
  expect(stdout).toContain('Shortened: a: timeout 600 s became 0.3 s;');
  expect(rowsOf(stdout).hang?.at(-2)).toMatch(/^LOST: /);
  expect(stdout).toContain('requests were lost in:\n- `fast`, hang at `a:m`\n');
  expect(code).toBe(1);
});

test('with one candidate nothing counts as lost, and without routes each backend is drilled', async () => {
  const files = {
    'config/backends/a/backend.yaml': backendYaml(closed, 'auth_type: none\nmax_retries: 0\ndefault_model: big'),
    'config/backends/b/backend.yaml': backendYaml(closed, 'auth_type: none\nmax_retries: 0\nmodels: {small: {}}'),
  };
  const { code, stdout } = await drill(files, ['--scenarios', 'outage', ...quick]);
  expect(stdout).toContain('## `a:big`');
  expect(stdout).toContain('## `b:small`');
  expect(rowsOf(stdout).outage?.at(-2)).toMatch(
    /^no second candidate: (every request|\d+ of \d+ requests) failed while b was down \(\d+ x upstream_unreachable\)/,
  );
  expect(stdout).toContain('2 of 2 have one candidate only: what fails there is not counted as lost.');
  expect(code).toBe(0);
});

test('every candidate fails in turn with --each, and two at one backend are no help in its outage', async () => {
  const route = '{candidates: ["a:m", "a:n"]}';
  const more = 'auth_type: none\nmax_retries: 0';
  const files = {
    'config/backends/a/backend.yaml': backendYaml(closed, more),
    'config/headrace.yaml': `routes: {fast: ${route}}`,
  };
  const { code, stdout } = await drill(files, ['--each', '--json', '--scenarios', 'healthy,errors,outage', ...quick]);
  const { scenarios } = JSON.parse(stdout).routes[0];
  const played = scenarios.map((one: { scenario: string; candidate: string }) => [one.scenario, one.candidate]);
  expect(played.slice(0, 3)).toEqual([
    ['healthy', 'a:m'],
    ['outage', 'a:m'],
    ['errors', 'a:m'],
  ]);
  expect(played.slice(3)).toEqual([
    ['outage', 'a:n'],
    ['errors', 'a:n'],
  ]);
  expect(scenarios[1].verdict).toMatch(
    /^every candidate is at the same backend: (every request|\d+ of \d+ requests) failed while a was down/,
  );
  expect(scenarios[2]).toMatchObject({ failed: 0, lost: false });
  expect(scenarios[3].verdict).toContain('the candidate served nothing before the fault');
  expect(code).toBe(1);
});

test('conditions of the candidate that fails are met, and candidates that refuse such requests are told apart', async () => {
  const first = '{model: "a:m", headers: {x-tier: gold}, metadata: {team: red}}';
  const second = '{model: "b:m", headers: {x-tier: [silver]}}';
  const route = `{candidates: [${first}, ${second}], retry: {max_attempts: 1}}`;
  const files = { ...pair, 'config/headrace.yaml': `routes: {fast: ${route}}` };
  const { stdout } = await drill(files, ['--json', '--scenarios', 'healthy,errors', ...quick]);
  const [healthy, errors] = JSON.parse(stdout).routes[0].scenarios;
  expect(healthy.verdict).toBe('all answered');
  expect(errors.verdict).toMatch(
    /^the other candidates do not take such requests: (every request|\d+ of \d+ requests) failed while a was failing/,
  );
});

test('rates hold only where that is asked for', async () => {
  const more = 'auth_type: none\nmodels: {m: {limits: {requests_per_minute: 5}}}';
  const files = { 'config/backends/a/backend.yaml': backendYaml(closed, more) };
  const flags = ['a:m', '--json', '--scenarios', 'healthy', ...quick];
  const free = await drill(files, flags);
  expect(JSON.parse(free.stdout).routes[0].scenarios[0].verdict).toBe('all answered');
  const held = await drill(files, [...flags, '--limits']);
  const [run] = JSON.parse(held.stdout).routes[0].scenarios;
  expect(run.verdict).toMatch(/^\d+ of \d+ failed \(\d+ x rate_limit_exceeded\) although nothing was wrong$/);
  expect([free.code, held.code]).toEqual([0, 1]);
});

test('no request, no key and no file leaves the drill', async () => {
  const real = await startFakeBackend();
  const proxy = await startFakeBackend();
  const canary = 'sk-canary-of-a-real-key-1234';
  const pem = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' });
  const backend = `api_base_url: ${real.baseUrl}?api-key=${canary}\nheaders: {x-more: ${canary}}\n`;
  const files = {
    'config/backends/a/backend.yaml': `backend_type: custom\n${backend}auth_type: bearer\napi_key_env_var: K\n`,
    'config/backends/b/backend.yaml': `backend_type: custom\n${backend}auth_type: custom\nauth_header: x-key\napi_key_env_vars: [K, {name: L, weight: 3}]\n`,
    'config/external-api-connectors.toml': [
      '[grant]',
      `base_url = "${real.baseUrl}"`,
      `oauth = {token_url = "${real.url}/token", issuer = "me", audience = "you", private_key = """${pem}"""}`,
      '[grant.c]',
      'internal = "inner"',
      'external = "outer"',
    ].join('\n'),
    'config/headrace.yaml': [
      'routes: {fast: {candidates: ["a:m", "b:m", inner]}}',
      'telemetry: {capture: {folder: capture}}',
      'storage: {folder: state}',
    ].join('\n'),
  };
  const env = {
    K: canary,
    L: `${canary}-other`,
    HEADRACE_ADMIN_KEY: `${canary}-admin`,
    HTTP_PROXY: proxy.url,
    HTTPS_PROXY: proxy.url,
    OTEL_EXPORTER_OTLP_ENDPOINT: proxy.url,
  };
  const flags = ['--each', '--scenarios', 'healthy,outage,auth', ...quick];
  const { cwd, code, stdout, stderr } = await drill(files, flags, env);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  expect(rowsOf(stdout).healthy?.at(-2)).toBe('all answered');
  expect(real.acceptedConnections).toBe(0);
  expect(proxy.acceptedConnections).toBe(0);
  expect(stdout).not.toMatch(/canary|1234/);
  for (const folder of ['capture', 'state']) await expect(access(join(cwd, 'config', folder))).rejects.toThrow();
});

test('what cannot be drilled is refused in words', async () => {
  const files = { ...pair, 'config/headrace.yaml': 'routes: {fast: {candidates: ["a:m", "b:m"]}}' };
  const unknown = await drill(files, ['fst']);
  expect(unknown.stderr).toBe('headrace: there is no route "fst" (did you mean fast?); there are: fast\n');
  const scenario = await drill(files, ['--scenarios', 'outge']);
  expect(scenario.stderr).toContain('there is no scenario "outge" (did you mean outage?); there are: healthy, outage,');
  const rate = await drill(files, ['--rate', '0']);
  expect(rate.stderr).toContain('must be a number from 1 to 2000');
  const broken = await drill({ ...files, 'config/headrace.yaml': 'routs: {}' }, []);
  expect(broken.stderr).toContain('config/headrace.yaml:1:1: routs');
  expect([unknown, scenario, rate, broken].map(({ code }) => code)).toEqual([1, 1, 1, 1]);
  expect([unknown, scenario, rate, broken].map(({ stdout }) => stdout)).toEqual(['', '', '', '']);
});
