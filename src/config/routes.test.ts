import { describe, expect, test } from 'vitest';
import { loadFiles, loadGood } from '../../test/goldens/config-folder.ts';
import type { CandidateConfig, RouteConfig } from './route-config.ts';

const backend = 'backend_type: custom\napi_base_url: http://127.0.0.1:9/v1\nauth_type: none\n';
const files = {
  'config/backends/one/backend.yaml': `${backend}models: {large: {}, "a|b?c": {}}\n`,
  'config/backends/two/backend.yaml': `${backend}default_model: usual\n`,
  'config/external-api-connectors.toml':
    '[p]\nbase_url="https://p.example.com/v1"\napi_key="k"\n[p.c]\ninternal="connected"\nexternal="e"\n',
};

async function load(yaml: string) {
  return await loadGood({ ...files, 'config/headrace.yaml': yaml });
}

async function route(yaml: string, name = 'r'): Promise<RouteConfig> {
  const found = (await load(`routes:\n${yaml.replace(/^/gm, '  ')}`)).routes.get(name);
  if (!found) throw new Error('no such route');
  return found;
}

function targetText({ target }: CandidateConfig): string {
  return target.kind === 'connector' ? `connector ${target.internal}` : `${target.backend}:${target.model ?? '*'}`;
}

/** Each tier as its strategy and its candidates with their weights. */
function shape({ tiers }: Pick<RouteConfig, 'tiers'>) {
  return tiers.map(({ strategy, candidates }) => [
    strategy,
    ...candidates.map((one) => `${targetText(one)}${one.weight === 1 ? '' : ` x${one.weight}`}`),
  ]);
}

describe('tiers', () => {
  test.each([
    ['r: {model: large}', [['ordered', 'one:large']]],
    ['r: {model: connected}', [['ordered', 'connector connected']]],
    ['r: {model: "two:"}', [['ordered', 'two:usual']]],
    ['r: {model: "two:org/any:thing@1"}', [['ordered', 'two:org/any:thing@1']]],
    ['r: {model: [large, "two:x"]}', [['ordered', 'one:large', 'two:x']]],
    ['r: {model: [large, "two:x"], strategy: lowest-cost}', [['lowest-cost', 'one:large', 'two:x']]],
    [
      'r: {model: "large|two:x"}',
      [
        ['ordered', 'one:large'],
        ['ordered', 'two:x'],
      ],
    ],
    [
      'r: {model: "[weight=3]large^two:x|connected"}',
      [
        ['weighted', 'one:large x3', 'two:x'],
        ['ordered', 'connector connected'],
      ],
    ],
    ['r: {model: "large!two:x"}', [['race', 'one:large', 'two:x']]],
    ['r: {candidates: [{model: "one:a|b?c"}]}', [['ordered', 'one:a|b?c']]],
    [
      'r: {candidates: [{model: "two:c", tier: 2}, {model: "two:a", weight: 0.5}, "two:b", {model: "two:d", tier: 2}], strategy: weighted}',
      [
        ['weighted', 'two:a x0.5', 'two:b'],
        ['weighted', 'two:c', 'two:d'],
      ],
    ],
    [
      'r: {model: ["two:a", "two:b", "two:c!two:d", "two:e"]}',
      [
        ['ordered', 'two:a', 'two:b'],
        ['race', 'two:c', 'two:d'],
        ['ordered', 'two:e'],
      ],
    ],
  ])('%s', async (yaml, tiers) => expect(shape(await route(yaml))).toEqual(tiers));

  test('another route stands tier by tier in an ordered one', async () => {
    const yaml = 'inner: {model: "two:a^two:b|two:c"}\nr: {model: [large, inner, connected]}';
    expect(shape(await route(yaml))).toEqual([
      ['ordered', 'one:large'],
      ['weighted', 'two:a', 'two:b'],
      ['ordered', 'two:c'],
      ['ordered', 'connector connected'],
    ]);
  });

  test('within weights it shares the weight that stands beside its name', async () => {
    const yaml =
      'inner: {model: "[weight=3]two:a^two:b"}\nr: {candidates: [{model: inner, weight: 8}, large], strategy: weighted}';
    expect(shape(await route(yaml))).toEqual([['weighted', 'two:a x6', 'two:b x2', 'one:large']]);
  });

  test('a route goes before a connector of its name, which is pending then', async () => {
    const config = await load('routes: {connected: {model: large}, r: {model: connected}}\n');
    expect(shape(config.routes.get('r') as RouteConfig)).toEqual([['ordered', 'one:large']]);
    expect(config.connectors.get('connected')?.heldBy).toBe('route connected');
  });
});

describe('what stands beside a candidate', () => {
  test('conditions and parameters', async () => {
    const yaml = `r:
  candidates:
    - model: large
      max_context: 8000
      abilities: [tools]
      headers: {X-Plan: [free, premium], x-team: blue}
      metadata: {Level: "5"}
      parameters: {temperature: 0.20, own: {a: [1, null]}}
`;
    expect((await route(yaml)).tiers[0]?.candidates).toEqual([
      {
        target: { kind: 'backend', backend: 'one', model: 'large' },
        weight: 1,
        conditions: {
          maxContext: 8000,
          abilities: new Set(['tools']),
          headers: new Map([
            ['x-plan', ['free', 'premium']],
            ['x-team', ['blue']],
          ]),
          metadata: new Map([['Level', ['5']]]),
        },
        parameters: new Map([
          ['temperature', '0.20'],
          ['own', '{"a":[1,null]}'],
        ]),
      },
    ]);
  });

  test('a selector has the same, and a candidate without has none', async () => {
    const { tiers } = await route('r: {model: "[max_context=9]large?temperature=0.20&user=me|two:x"}');
    const [first, second] = tiers.flatMap(({ candidates }) => candidates);
    expect(first?.conditions).toEqual({ maxContext: 9, abilities: undefined, headers: new Map(), metadata: new Map() });
    expect(first?.parameters).toEqual(
      new Map([
        ['temperature', '0.20'],
        ['user', '"me"'],
      ]),
    );
    expect([second?.conditions, second?.parameters]).toEqual([undefined, new Map()]);
  });

  test('beside the name of a route it holds for all of it, together with what stands there', async () => {
    const yaml = `inner:
  candidates:
    - {model: large, max_context: 100, abilities: [tools, vision], headers: {x-team: [a, b]}, parameters: {seed: 1, top_p: 1}}
    - {model: "two:x", metadata: {m: n}}
r:
  candidates:
    - {model: inner, max_context: 200, abilities: [vision, audio], headers: {x-team: [b, c], x-plan: p}, parameters: {seed: 2}}
`;
    const [first, second] = (await route(yaml)).tiers[0]?.candidates ?? [];
    expect(first?.conditions).toEqual({
      maxContext: 100,
      abilities: new Set(['vision']),
      headers: new Map([
        ['x-team', ['b']],
        ['x-plan', ['p']],
      ]),
      metadata: new Map(),
    });
    expect(first?.parameters).toEqual(
      new Map([
        ['seed', '2'],
        ['top_p', '1'],
      ]),
    );
    expect(second?.conditions).toMatchObject({ maxContext: 200, abilities: new Set(['vision', 'audio']) });
    expect(second?.conditions?.metadata).toEqual(new Map([['m', ['n']]]));
  });
});

describe('the default', () => {
  test('one backend stays what it was', async () => {
    const { settings, defaultRoute } = await load('default_backend: one\n');
    expect([settings.defaultBackend, defaultRoute]).toEqual(['one', undefined]);
  });

  test('a selector is a route that takes any model, and shows as it is written', async () => {
    const text = 'one | [weight=3]two^connected';
    const { settings, defaultRoute } = await load(`default_backend: "${text}"\n`);
    expect(settings.defaultBackend).toBeUndefined();
    expect(defaultRoute).toMatchObject({ name: 'default', approach: 'none', place: 'config/headrace.yaml:1:18' });
    expect(shape(defaultRoute as RouteConfig)).toEqual([
      ['ordered', 'one:*'],
      ['weighted', 'two:* x3', 'connector connected'],
    ]);
    expect(settings.effective.find(({ name }) => name === 'default_backend')?.value).toBe(text);
  });

  test('the name of a route, from a flag', async () => {
    const yaml = { 'config/headrace.yaml': 'routes: {r: {model: "large|two:x"}}\n' };
    const { defaultRoute } = await loadGood({ ...files, ...yaml }, {}, { defaultBackend: 'r' });
    expect(defaultRoute?.place).toBe('--default-backend');
    expect(shape(defaultRoute as RouteConfig)).toEqual([
      ['ordered', 'one:large'],
      ['ordered', 'two:x'],
    ]);
  });
});

test('what the file says of routes is among the effective settings, header values hidden', async () => {
  const { settings } = await load(
    'routes: {r: {candidates: [{model: large, headers: {x-team: blue-and-very-long}}]}}\n',
  );
  const shown = settings.effective.filter(({ name }) => name.startsWith('routes.'));
  expect(shown).toEqual([
    { name: 'routes.r.candidates[0].model', value: 'large', source: 'config/headrace.yaml:1:35' },
    { name: 'routes.r.candidates[0].headers.x-team', value: '...long', source: 'config/headrace.yaml:1:60' },
  ]);
});

test('a fault in one route is said once, also where others name it', async () => {
  const yaml = 'routes:\n  a: {model: nowhere}\n  b: {model: a}\n  c: {model: "a^b"}\n';
  const { lines } = await loadFiles({ ...files, 'config/headrace.yaml': yaml });
  expect(lines).toHaveLength(1);
});
