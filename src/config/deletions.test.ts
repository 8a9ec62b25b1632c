import { describe, expect, test } from 'vitest';
import { loadGood } from '../../test/goldens/config-folder.ts';
import { describeChanges } from './changes.ts';
import { type Deletions, findPackage, noDeletions, publicName, remainingModels, withoutDeleted } from './deletions.ts';

const backend = 'backend_type: custom\napi_base_url: http://127.0.0.1:9/v1\nauth_type: none\nmodels: {m: {}, n: {}}\n';
const files = {
  'config/backends/b/backend.yaml': backend,
  'config/external-api-connectors.toml':
    '[p]\nbase_url="https://p.example.com/v1"\napi_key="k"\n[p.c]\ninternal="both"\nexternal="e"\n',
};

async function load(yaml: string) {
  return await loadGood({ ...files, 'config/headrace.yaml': yaml });
}

function deleting(...models: string[]): Deletions {
  return { ...noDeletions, models: new Set(models) };
}

describe('a route is a package', () => {
  const yaml = 'routes: {both: {model: m}, m: {model: "b:m"}, fast: {model: n}}\n';

  test('found by its name, before a connector or a model of that name', async () => {
    const config = await load(yaml);
    const found = ['both', 'm', 'fast', 'b:m', 'n', 'fas', 'route fast'].map((name) => findPackage(config, name));
    expect(found.map((one) => one && [one.kind, one.name, publicName(one.name)])).toEqual([
      ['route', 'route both', 'both'],
      ['route', 'route m', 'm'],
      ['route', 'route fast', 'fast'],
      ['model', 'b:m', 'b:m'],
      ['model', 'b:n', 'b:n'],
      undefined,
      undefined,
    ]);
  });

  test('without it the connector that waited is active, and the name of another leads nowhere', async () => {
    const config = await load(yaml);
    expect(config.connectors.get('both')?.heldBy).toBe('route both');
    const left = withoutDeleted(config, deleting('route both', 'route fast'));
    expect([...left.routes.keys()]).toEqual(['m']);
    expect(left.connectors.get('both')?.heldBy).toBeUndefined();
    expect(left.deletedNames?.has('fast')).toBe(true);
    expect([...(left.backends.get('b')?.models.keys() ?? [])]).toEqual(['m', 'n']);
    expect(findPackage(left, 'fast')).toBeUndefined();
    expect(findPackage(left, 'both')?.kind).toBe('connector');
  });

  test('a deleted model leaves a route of its name alone', async () => {
    const config = await load(yaml);
    const left = withoutDeleted(config, deleting('b:m'));
    expect([...left.routes.keys()]).toEqual(['both', 'm', 'fast']);
    expect(findPackage(left, 'm')).toEqual({ kind: 'route', name: 'route m' });
  });

  test('the deletion stays until the file no longer names the route', async () => {
    const names = ['route both', 'b:m', 'route gone', 'b:gone', 'gone:m'];
    expect([...remainingModels(await load(yaml), names)]).toEqual(['route both', 'b:m']);
    expect([...remainingModels(await load(''), names)]).toEqual(['b:m']);
  });
});

test('changes of routes go by name, and a place alone is none', async () => {
  const before = await load(
    'routes: {a: {model: m}, b: {candidates: [{model: m, abilities: [tools]}]}, c: {model: n}, d: {model: m}}\n',
  );
  const after = await load(
    'routes:\n  a: {model: m}\n  b: {candidates: [{model: m, abilities: [vision]}]}\n  c: {model: n, affinity: false}\n  e: {model: m}\n',
  );
  expect((await describeChanges(before, after)).routes).toEqual({ added: ['e'], changed: ['b', 'c'], removed: ['d'] });
});
