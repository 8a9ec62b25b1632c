import { spawnSync } from 'node:child_process';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startFakeBackend } from '../fake-backend/fake-backend.ts';
import { hasPrometheus, type RealPrometheus, startPrometheus } from '../harness/real-prometheus.ts';
import { backendYaml, startTestGateway, type TestGateway } from '../harness/test-gateway.ts';
import { panels, variableQueries } from './grafana-board.ts';

const adminKey = 'key-of-the-administrator-0815';
const asAdmin = { authorization: `Bearer ${adminKey}` };
const usage = { prompt_tokens: 7, completion_tokens: 5, total_tokens: 12 };

/** A gateway whose first model answers and whose second one always fails. */
async function startServing(): Promise<TestGateway> {
  const good = await startFakeBackend([{ usage }]);
  const bad = await startFakeBackend([{ status: 500 }]);
  return startTestGateway({
    env: { HEADRACE_ADMIN_KEY: adminKey },
    files: {
      'backends/good/backend.yaml': backendYaml(good.baseUrl, 'auth_type: none'),
      'backends/bad/backend.yaml': backendYaml(bad.baseUrl, 'auth_type: none\nmax_retries: 0'),
      'headrace.yaml': 'routes: {r: {model: ["bad:m", "good:m"]}}',
    },
  });
}

/** Calls that succeed, fail, are refused and fall back. */
async function serve(gateway: TestGateway): Promise<void> {
  for (const model of ['good:m', 'bad:m', 'nobody:m', 'r']) {
    const body = { model, messages: [{ role: 'user', content: 'hello' }] };
    await (await gateway.post('/v1/chat/completions', body, asAdmin)).text();
  }
}

/** As Grafana fills in its variables where all is chosen. */
function filledIn(expression: string): string {
  return expression.replaceAll('$__rate_interval', '1m').replaceAll('$backend', '.+').replaceAll('$model', '.+');
}

describe.skipIf(!hasPrometheus())('a real Prometheus', () => {
  it('reads the metrics, and has a value for every query of the Grafana board', { timeout: 60_000 }, async () => {
    const gateway = await startServing();
    const prometheus = await startPrometheus(new URL(gateway.url).host, adminKey);
    onTestFinished(() => prometheus.stop());
    await serve(gateway);
    await untilCounted(prometheus, 1);
    await serve(gateway);
    await untilCounted(prometheus, 2);
    for (const { title, targets } of panels) {
      for (const { expr } of targets) {
        const samples = await prometheus.query(filledIn(expr));
        expect(samples.length, `${title}: ${expr}`).toBeGreaterThan(0);
        expect(
          samples.some(({ value }) => Number.isFinite(value)),
          `${title}: ${expr}`,
        ).toBe(true);
      }
    }
    const failed = panels.find(({ title }) => title === 'Failed')?.targets[0]?.expr ?? '';
    const [share] = await prometheus.query(filledIn(failed));
    expect(share?.value).toBeGreaterThan(0);
    expect(share?.value).toBeLessThan(1);
    for (const query of variableQueries) {
      const [, series = '', label = ''] = /^label_values\((.*),\s*(\w+)\)$/.exec(query) ?? [];
      expect((await prometheus.labelValues(label, filledIn(series))).length, query).toBeGreaterThan(0);
    }
    const backends = await prometheus.labelValues('backend', 'headrace_requests_total');
    expect(backends).toEqual(expect.arrayContaining(['bad', 'good']));
  });

  it("finds nothing to blame in the metrics' names, types and texts", async () => {
    const gateway = await startServing();
    await serve(gateway);
    const page = await (await gateway.get('/metrics', asAdmin)).text();
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: page, encoding: 'utf8' });
    expect(stdout + stderr).toBe('');
    expect(status).toBe(0);
  });
});

/** Until the calls of so many rounds have been read. */
async function untilCounted(prometheus: RealPrometheus, rounds: number): Promise<void> {
  const count = async () => (await prometheus.query('sum(headrace_requests_total)'))[0]?.value;
  await expect.poll(count, { timeout: 20_000, interval: 200 }).toBe(4 * rounds);
}
