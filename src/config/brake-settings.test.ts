import { describe, expect, test } from 'vitest';
import { loadFiles } from '../../test/goldens/config-folder.ts';

const backend = 'backend_type: custom\napi_base_url: http://127.0.0.1:9/v1\nauth_type: none\nmodels: {large: {}}\n';

async function loadBoth(gateway: string, route = '') {
  const yaml = `${gateway}\nroutes: {r: {model: large${route === '' ? '' : `, ${route}`}}}\n`;
  const { config, lines } = await loadFiles({
    'config/headrace.yaml': yaml,
    'config/backends/one/backend.yaml': backend,
  });
  return { all: config?.repetition, route: config?.routes.get('r')?.policy.repetition, lines, config };
}

const defaults = { unit: 200, repeats: 40, characters: 8000 };

describe('the brake', () => {
  test('is off where nothing is written, and where it says so', async () => {
    expect(await loadBoth('')).toMatchObject({ all: undefined, route: undefined, lines: [] });
    expect(await loadBoth('brake: {}')).toMatchObject({ all: undefined, lines: [] });
    expect(await loadBoth('brake: {repetition: off}')).toMatchObject({ all: undefined, lines: [] });
  });

  test('has a number for whatever is left out', async () => {
    expect((await loadBoth('brake: {repetition: {}}')).all).toEqual(defaults);
    expect((await loadBoth('brake: {repetition: {characters: 5000}}')).all).toEqual({ ...defaults, characters: 5000 });
  });

  test('may be another for a route', async () => {
    const gateway = 'brake: {repetition: {}}';
    expect((await loadBoth(gateway, 'brake: {repetition: off}')).route).toBe('off');
    expect((await loadBoth(gateway, 'brake: {repetition: {unit: 10}}')).route).toEqual({ ...defaults, unit: 10 });
    expect((await loadBoth(gateway)).route).toBeUndefined();
  });

  test('is shown with its place', async () => {
    const { config } = await loadBoth('brake: {repetition: {unit: 10}}');
    expect(config?.settings.effective).toContainEqual({
      name: 'brake.repetition.unit',
      value: 10,
      source: 'config/headrace.yaml:1:28',
    });
  });

  test.each([
    ['true', 'brake.repetition: must be off, or a mapping'],
    ['{unit: 0}', 'brake.repetition.unit: must be a whole number from 1 to 500'],
    ['{characters: 10}', 'brake.repetition.characters: must be a whole number from 2000'],
    ['{times: 10}', 'brake.repetition.times'],
  ])('takes no %s', async (written, problem) => {
    expect((await loadBoth(`brake: {repetition: ${written}}`)).lines.join('\n')).toContain(problem);
  });
});
