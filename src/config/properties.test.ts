import { inspect } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { loadFiles } from '../../test/goldens/config-folder.ts';
import { yamlPieces } from '../../test/harness/yaml-pieces.ts';
import { backendUrlProblem, kindBaseUrl, splitBackendUrl } from './backend-url.ts';
import { cleanKey } from './key-value.ts';
import { Report } from './report.ts';
import { substituteVariables } from './substitute.ts';
import { editDistance } from './suggest.ts';
import { plainValue } from './tree.ts';

const canary = 'sk-canary-0123456789abcdef';
const pieces = [...yamlPieces, '${', '}', '= ', '.', canary];

test('whatever stands in the files, nothing throws and no value is shown', async () => {
  const noise = fc.array(fc.constantFrom(...pieces), { maxLength: 12 }).map((parts) => parts.join(''));
  const value = fc.oneof(noise, fc.string()).filter((text) => !text.includes('\0'));
  const fields = fc.constantFrom(
    'api_base_url',
    'api_key_env_var',
    'auth_type',
    'timeout',
    'default_model',
    'backend_type',
  );
  await fc.assert(
    fc.asyncProperty(fields, value, value, async (field, left, right) => {
      const { lines } = await loadFiles({
        'config/backends/mine/backend.yaml': `${field}: ${left}${canary}${right}\n`,
        'config/headrace.yaml': `log_level: ${left}${canary}${right}\n`,
        'config/external-api-connectors.toml': `[p]\napi_key = ${left}"${canary}"${right}\n[p.x]\ninternal = ${right}\n`,
      });
      const shown = lines.map((line) => line.replace(/^\S+:\d+:\d+: ([^ ]|"(?:[^"\\]|\\.)*")+: /, ''));
      expect(lines.length).toBeGreaterThan(0);
      for (const line of shown) expect(line).not.toContain(canary);
    }),
    { numRuns: 150 },
  );
});

test('no secret is in the whole configuration, however it is printed', async () => {
  const { config } = await loadFiles(
    {
      'config/backends/mine/backend.yaml': 'backend_type: openai\n',
      'config/headrace.yaml': 'keys: [{name: a, key_env_var: A}]\n',
      'config/external-api-connectors.toml': `[p]\nbase_url="https://x"\napi_key="${canary}4"\n`,
    },
    { OPENAI_API_KEY: `${canary}1`, A: `${canary}2`, HEADRACE_ADMIN_KEY: `${canary}3` },
  );
  expect(config?.keys).toHaveLength(2);
  const printed = inspect(config, { depth: 20, showHidden: true }) + JSON.stringify(config?.settings);
  expect(printed).not.toContain(canary);
});

test('texts without ${ stay as they are, and $${ is a literal ${', () => {
  const report = new Report().file('f');
  const place = { line: 1, column: 1 };
  const filled = (value: string, env = {}) =>
    plainValue(substituteVariables({ kind: 'scalar', place, value }, env, report));
  fc.assert(
    fc.property(fc.string(), fc.string(), (text, inserted) => {
      fc.pre(!text.includes('${') && !text.endsWith('$'));
      expect(filled(text)).toBe(text);
      expect(filled(`${text}$\${V}`)).toBe(`${text}\${V}`);
      expect(filled(`${text}\${V}!`, { V: inserted })).toBe(`${text}${inserted}!`);
      expect(filled(`${text}\${V:-d}`, { V: inserted })).toBe(text + (inserted || 'd'));
    }),
  );
  expect(report.failed).toBe(false);
});

test('a base URL taken kindly stays as it is the second time', () => {
  fc.assert(
    fc.property(fc.webUrl({ withQueryParameters: true }), (url) => {
      const kind = kindBaseUrl(url);
      expect(kindBaseUrl(kind)).toBe(kind);
      expect(backendUrlProblem(kind, { query: true, keySetting: 'K' })).toBeUndefined();
      expect(splitBackendUrl(kind).baseUrl).toMatch(/[^/?#]$/);
    }),
  );
});

test('a URL with a user name or a password is always refused, and neither is shown', () => {
  const part = fc.stringMatching(/^[a-z0-9]{8,12}$/);
  fc.assert(
    fc.property(part, part, fc.constantFrom('', '/v1', '?q=1', '#x'), (user, password, rest) => {
      const fault = backendUrlProblem(`http://${user}:${password}@host${rest}`, { query: true, keySetting: 'K' });
      expect(fault).toContain('password');
      expect(fault).not.toContain(password);
      expect(fault).not.toContain(user);
      expect(backendUrlProblem(`https://${user}@host${rest}`, { query: true, keySetting: 'K' })).toBe(fault);
    }),
  );
});

test('cleaning a key never touches what is inside', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[\x21-\x7e]{1,20}$/), fc.constantFrom('', ' ', '\r\n', '\t'), (key, space) => {
      fc.pre(!/^(["']).*\1$/.test(key) || key.length === 1);
      for (const quote of ['', '"', "'"]) {
        if (quote === '' || key !== quote) expect(cleanKey(space + quote + key + quote + space)).toBe(key);
      }
    }),
  );
});

test('the edit distance is a distance', () => {
  const word = fc.stringMatching(/^[a-c]{0,6}$/);
  fc.assert(
    fc.property(word, word, (left, right) => {
      expect(editDistance(left, right)).toBe(editDistance(right, left));
      expect(editDistance(left, right) === 0).toBe(left === right);
      expect(editDistance(left, `${left}x`)).toBe(1);
    }),
  );
});
