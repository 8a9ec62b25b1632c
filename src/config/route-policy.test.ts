import { describe, expect, test } from 'vitest';
import { loadGood } from '../../test/goldens/config-folder.ts';
import type { RouteConfig } from './route-config.ts';

const backend = 'backend_type: custom\napi_base_url: http://127.0.0.1:9/v1\nauth_type: none\n';
const files = {
  'config/backends/one/backend.yaml': `${backend}models: {large: {}}\n`,
  'config/backends/two/backend.yaml': backend,
};

async function route(yaml: string): Promise<RouteConfig> {
  const text = `routes:\n${yaml.replace(/^/gm, '  ')}`;
  const found = (await loadGood({ ...files, 'config/headrace.yaml': text })).routes.get('r');
  if (!found) throw new Error('no such route');
  return found;
}

describe('policy', () => {
  test('what is written, in milliseconds', async () => {
    const yaml = `r:
  model: [large, "two:x"]
  timeouts: {first_token: 2.5, gap: 20, total: 120}
  retry: {max_attempts: 4, max_time: 30}
  hedge: {after: 500ms, max_extra: 10%}
  affinity: false
`;
    const found = await route(yaml);
    expect(found.policy).toEqual({
      firstOutputMs: 2500,
      gapMs: 20_000,
      totalMs: 120_000,
      maxAttempts: 4,
      maxRetryMs: 30_000,
      hedge: { after: 500, maxExtra: 0.1 },
      affinity: false,
    });
    expect([found.approach, found.place]).toEqual(['none', 'config/headrace.yaml:2:3']);
  });

  test('what is not', async () => {
    expect((await route('r: {model: large}')).policy).toEqual({
      firstOutputMs: undefined,
      gapMs: undefined,
      totalMs: undefined,
      maxAttempts: undefined,
      maxRetryMs: undefined,
      hedge: undefined,
      affinity: true,
    });
  });

  test.each([
    ['{}', { after: 'p95', maxExtra: 0.05 }],
    ['{after: 2s}', { after: 2000, maxExtra: 0.05 }],
    ['{after: 0.25, max_extra: 0.2}', { after: 250, maxExtra: 0.2 }],
    ['{after: "1.5 s", max_extra: "2.5 %"}', { after: 1500, maxExtra: 0.025 }],
  ])('hedge %s', async (hedge, expected) => {
    expect((await route(`r: {model: [large, "two:x"], hedge: ${hedge}}`)).policy.hedge).toEqual(expected);
  });
});
