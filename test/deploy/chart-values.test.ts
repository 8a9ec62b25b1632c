import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parseDocument } from 'yaml';
import { version } from '../../src/version.ts';
import { chartFolder } from './render-chart.ts';

const read = (name: string) => readFileSync(join(chartFolder, name), 'utf8');
const schema = JSON.parse(read('values.schema.json'));
const validate = new Ajv({ strict: true, allowUnionTypes: true, allErrors: true }).compile(schema);
const defaults = parseDocument(read('values.yaml'), { version: '1.1' });

/** What the schema says against these values, laid over the chart's own. */
function problems(values: object): string[] {
  validate({ ...defaults.toJS(), ...values });
  return (validate.errors ?? []).map(({ instancePath, message, params }) =>
    `${instancePath} ${message} ${params.additionalProperty ?? ''}`.trim(),
  );
}

/** Every schema of a mapping, by its path; `global` belongs to other charts. */
function* mappings(node: unknown, path = '#'): Generator<[string, Record<string, unknown>]> {
  if (node === null || typeof node !== 'object' || path === '#.properties.global') return;
  if ('type' in node && node.type === 'object') yield [path, node as Record<string, unknown>];
  for (const [name, inner] of Object.entries(node)) yield* mappings(inner, `${path}.${name}`);
}

describe('the values of the chart', () => {
  it('are good as they stand, and none stands twice', () => {
    expect(defaults.errors).toEqual([]);
    expect(problems({})).toEqual([]);
  });

  it('are closed throughout, so that nothing is silently ignored', () => {
    const all = [...mappings(schema)];
    expect(all.length).toBeGreaterThan(20);
    expect(all.filter(([, node]) => node.additionalProperties !== false).map(([path]) => path)).toEqual([]);
    expect(Object.keys(schema.properties)).toEqual(expect.arrayContaining(['global', 'inference-api']));
  });

  it('each have a default, but for those that other charts bring', () => {
    const { global: _, 'inference-api': __, ...own } = schema.properties;
    expect(Object.keys(defaults.toJS()).toSorted()).toEqual(Object.keys(own).toSorted());
  });

  it.each([
    [{ replica: 2 }, ' must NOT have additional properties replica'],
    [{ externalApiConnectors: { secret: 'a' } }, '/externalApiConnectors must NOT have additional properties secret'],
    [{ 'inference-api': { workers: 1 } }, '/inference-api must NOT have additional properties workers'],
    [
      { 'inference-api': { externalApiConnectors: { apiKey: 'a' } } },
      '/inference-api/externalApiConnectors must NOT have additional properties apiKey',
    ],
    [
      { adminKey: { secretName: 'a', secretKey: 'b', value: 'c' } },
      '/adminKey must NOT have additional properties value',
    ],
    [{ replicas: 'two' }, '/replicas must be integer'],
    [{ config: { 'headrace.yml': '' } }, '/config must NOT have additional properties headrace.yml'],
    [{ config: { '../headrace.yaml': '' } }, '/config must NOT have additional properties ../headrace.yaml'],
    [
      { config: { 'backends/a__b/backend.yaml': '' } },
      '/config must NOT have additional properties backends/a__b/backend.yaml',
    ],
    [{ ingress: { enabled: 'yes' } }, '/ingress/enabled must be boolean'],
  ])('are refused where the schema does not know them: %j', (values, problem) => {
    expect(problems(values)).toContain(problem.trim());
  });

  it("hold no secret: a variable that sounds like a key, or that is the chart's own, is refused", () => {
    for (const name of ['OPENAI_API_KEY', 'HF_TOKEN', 'DB_PASSWORD', 'HEADRACE_ADMIN_KEY', 'HEADRACE_PORT', 'a-b']) {
      expect(problems({ env: { [name]: 'x' } }), name).not.toEqual([]);
    }
    expect(problems({ env: { HTTPS_PROXY: 'http://proxy:3128' } })).toEqual([]);
    const from = { secretName: 'a', secretKey: 'b' };
    expect(problems({ secretEnv: { HEADRACE_ADMIN_KEY: from } })).not.toEqual([]);
    expect(problems({ secretEnv: { OPENAI_API_KEY: from } })).toEqual([]);
    expect(problems({ secretEnv: { OPENAI_API_KEY: { ...from, value: 'c' } } })).not.toEqual([]);
  });

  it('take what the page says, and the values of a parent chart', () => {
    const externalApiConnectors = { enabled: true, secretName: 'inference-api-external-api-connectors' };
    expect(problems({ 'inference-api': { externalApiConnectors } })).toEqual([]);
    expect(problems({ global: { anything: { at: ['all'] } } })).toEqual([]);
  });

  it('belong to the version of the package', () => {
    expect(parseDocument(read('Chart.yaml')).toJS()).toMatchObject({ appVersion: version, version });
  });
});
