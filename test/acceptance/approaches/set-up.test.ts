import { describe, expect, it } from 'vitest';
import { catalogue } from '../../../src/approaches/catalogue.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { formatProblem } from '../../../src/config/problem.ts';
import { testFolder } from '../../goldens/config-folder.ts';
import { failure } from '../custom-backends/rig.ts';
import { always, startApproach } from './rig.ts';

const backend = (more = '') =>
  `backend_type: custom\napi_base_url: http://127.0.0.1:9/v1\nauth_type: none\nmodels: {m: {}, large: {}}\n${more}`;

/** What `headrace check` says of these settings, with the backend `b`. */
async function check(settings: object, others: Record<string, string> = {}): Promise<string[]> {
  const cwd = await testFolder({
    'config/backends/b/backend.yaml': backend(),
    'config/headrace.yaml': JSON.stringify(settings, undefined, 1),
    ...others,
  });
  const { problems } = await loadConfig({ flags: {}, env: {}, cwd, approaches: catalogue });
  return problems.map(formatProblem);
}

const route = (approach: string, parameters: object = {}) => ({ r: { model: 'b:m', approach, parameters } });

describe('an approach that needs what is not set up', () => {
  it.each(['coc', 'z3', 'executecode'])('%s is told at the route', async (name) => {
    const lines = await check({ routes: route(name) });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('routes.r.approach');
    expect(lines[0]).toContain('approaches.code_execution');
  });

  it('is refused for a request, which says how to set it up', async () => {
    const { chat, calls } = await startApproach({}, { backends: { u: always('x') } });
    for (const asked of ['coc', 'privacy&coc', 're2|coc']) {
      const { status, error } = failure(await chat({ headrace_approach: asked }));
      expect([status, error.code]).toEqual([400, 'invalid_request']);
      expect(error.message).toContain('approaches.code_execution');
    }
    expect(calls().u).toBe(0);
  });
});

describe('a model in the parameters of a route', () => {
  it.each([
    ['bon', { judge: 'b:m' }],
    ['bon', { judge: 'large' }],
    ['moa', { proposers: ['b:m', 'large'], aggregator: 'other' }],
  ])('may be any public name: %s %j', async (approach, parameters) => {
    expect(await check({ routes: { ...route(approach, parameters), other: { model: 'b:large' } } })).toEqual([]);
  });

  it.each([
    ['bon', { judge: 'larg' }, 'routes.r.parameters.judge', 'did you mean large?'],
    ['genselect', { judge: 'c:m' }, 'routes.r.parameters.judge', 'names a backend that does not exist'],
    ['moa', { proposers: ['b:m', 'larg'] }, 'routes.r.parameters.proposers[1]', 'did you mean large?'],
    ['moa', { aggregator: 'larg' }, 'routes.r.parameters.aggregator', 'did you mean large?'],
    ['pvg', { verifier: 'larg' }, 'routes.r.parameters.verifier', 'did you mean large?'],
    ['mars', { agents: [{}, { model: 'larg' }] }, 'routes.r.parameters.agents[1].model', 'did you mean large?'],
    ['readurls&bon', { bon: { judge: 'larg' } }, 'routes.r.parameters.bon.judge', 'did you mean large?'],
    ['bon', { judge: 'r' }, 'routes.r.parameters.judge', 'with the approach bon'],
  ])('is a problem where it is none: %s %j', async (approach, parameters, path, told) => {
    const lines = await check({ routes: route(approach, parameters) });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(`${path}: `);
    expect(lines[0]).toContain(told);
  });

  it('is a doubt where its backend does not declare it', async () => {
    const lines = await check({ routes: route('bon', { judge: 'b:larg' }) });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/judge: warning: .*did you mean large/);
  });

  it('is nothing to speak of where a default takes any name, or an alias gives it a meaning', async () => {
    expect(await check({ routes: route('bon', { judge: 'anything' }), default_backend: 'b' })).toEqual([]);
    const aliases = [{ pattern: '^any(.*)$', model: 'b:m' }];
    expect(await check({ routes: route('bon', { judge: 'anything' }), model_aliases: aliases })).toEqual([]);
  });

  it('is not judged where a file that could declare it is broken', async () => {
    const lines = await check(
      { routes: route('bon', { judge: 'larg' }) },
      { 'config/backends/c/backend.yaml': 'models: {larg: {}}\nnonsense: 1\n' },
    );
    expect(lines.filter((line) => line.includes('judge'))).toEqual([]);
    expect(lines.length).toBeGreaterThan(0);
  });
});
