import fc from 'fast-check';
import { expect, test } from 'vitest';
import { loadFiles } from '../../test/goldens/config-folder.ts';
import { strategies } from './route-config.ts';

const backend = 'backend_type: custom\napi_base_url: http://127.0.0.1:9/v1\nauth_type: none\n';
const names = ['r0', 'r1', 'r2', 'r3', 'r4'];
const element = fc.record(
  {
    model: fc.constantFrom(...names, 'b:x', 'b:y', 'b:z'),
    weight: fc.integer({ min: 0, max: 3 }),
    tier: fc.integer({ min: 0, max: 2 }),
    max_context: fc.constantFrom(0, 100),
  },
  { requiredKeys: ['model'] },
);
const route = fc.record({
  candidates: fc.array(element, { minLength: 1, maxLength: 3 }),
  strategy: fc.constantFrom(...strategies),
});

test('routes that name each other in any way: an error with a place, or tiers that can serve', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(route, { minLength: 5, maxLength: 5 }), async (written) => {
      const routes = Object.fromEntries(written.map((one, index) => [names[index], one]));
      const { config, lines } = await loadFiles({
        'config/backends/b/backend.yaml': backend,
        'config/headrace.yaml': JSON.stringify({ routes }),
      });
      if (config === undefined) {
        const errors = lines.filter((line) => !line.includes(': warning: '));
        expect(errors.length).toBeGreaterThan(0);
        for (const line of errors) expect(line).toMatch(/^config\/headrace\.yaml:1:\d+: routes\.r\d/);
        return;
      }
      expect([...config.routes.keys()]).toEqual(names);
      for (const { tiers } of config.routes.values()) {
        expect(tiers.length).toBeGreaterThan(0);
        for (const { candidates } of tiers) {
          const weights = candidates.map(({ weight }) => weight);
          expect(weights.every((weight) => weight >= 0 && Number.isFinite(weight))).toBe(true);
          expect(Math.max(...weights)).toBeGreaterThan(0);
          expect(candidates.some(({ conditions }) => conditions?.maxContext !== 0)).toBe(true);
        }
      }
    }),
    { numRuns: 200 },
  );
});

test('whatever stands in routes and aliases, nothing throws and no key is shown', async () => {
  const canary = 'sk-canary-0123456789abcdef';
  const value = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom('[', '^', '|', '!', '?', '=', '$1', '${', '(a', canary).map((sign) => sign + canary),
    fc.constantFrom(`a:${canary}`, `${canary}|b`, `b?x=${canary}`, `[weight=${canary}]b`),
  );
  const field = fc.constantFrom('model', 'candidates', 'strategy', 'hedge', 'retry', 'timeouts', 'affinity');
  await fc.assert(
    fc.asyncProperty(field, value, value, async (name, one, other) => {
      const { lines } = await loadFiles({
        'config/headrace.yaml': JSON.stringify({
          routes: { r: { [name]: one }, s: { candidates: [{ model: one, [name]: other }, other] } },
          default_backend: other,
          model_aliases: [{ pattern: one, model: other }],
        }),
      });
      for (const line of lines) expect(line.replace(/^\S+ ([^ ]|"(?:[^"\\]|\\.)*")+: /, '')).not.toContain(canary);
    }),
    { numRuns: 300 },
  );
});
