import { describe, expect, it } from 'vitest';
import { startFakeBackend } from '../fake-backend/fake-backend.ts';
import { backendYaml, startTestGateway } from '../harness/test-gateway.ts';
import { panels, variableQueries, variables } from './grafana-board.ts';

const expressions = [...panels.flatMap((panel) => panel.targets.map((target) => target.expr)), ...variableQueries];

/** The metrics of a gateway that has served, refused and failed, with the labels that each has. */
async function servedMetrics(): Promise<Map<string, Set<string>>> {
  const usage = { prompt_tokens: 7, completion_tokens: 5, total_tokens: 12 };
  const backend = await startFakeBackend([{ usage }, { status: 500 }]);
  const gateway = await startTestGateway({
    files: {
      'backends/a/backend.yaml': backendYaml(`${backend.url}/v1`, 'auth_type: none\nmax_retries: 0'),
      'headrace.yaml': 'routes: {r: {model: ["a:m", "a:n"]}}',
    },
  });
  const body = { model: 'a:m', messages: [{ role: 'user', content: 'hello' }] };
  const statuses = [];
  for (const sent of [body, body, { ...body, model: 'nope:m' }, { ...body, model: 'r' }]) {
    const answer = await gateway.post('/v1/chat/completions', sent);
    await answer.text();
    statuses.push(answer.status);
  }
  expect(statuses).toEqual([200, 502, 404, 502]);
  const page = await (await gateway.get('/metrics')).text();
  const metrics = new Map<string, Set<string>>();
  for (const line of page.split('\n').filter((text) => !/^(#|$)/.test(text))) {
    const [, name = '', labels = ''] = /^(\w+)(?:\{(.*)\})? /.exec(line) ?? [];
    const known = metrics.get(name) ?? new Set();
    for (const [, label = ''] of labels.matchAll(/(\w+)="/g)) known.add(label);
    metrics.set(name, known);
  }
  return metrics;
}

describe('the Grafana board', () => {
  it('asks for metrics and labels that a gateway has', async () => {
    const metrics = await servedMetrics();
    for (const expression of expressions) {
      const names = expression.match(/headrace_\w+/g) ?? [];
      expect(names.length, expression).toBeGreaterThan(0);
      for (const name of names) {
        expect([...metrics.keys()], expression).toContain(name);
        const labels = metrics.get(name) ?? new Set();
        for (const label of labelsIn(expression)) expect([...labels], `${label} in ${expression}`).toContain(label);
      }
    }
  });

  it('shows every metric that a gateway has', async () => {
    const families = [...(await servedMetrics()).keys()].map((name) => name.replace(/_(bucket|sum|count)$/, ''));
    const shown = expressions.join('\n');
    for (const family of new Set(families)) expect(shown, family).toContain(family);
  });

  it('names in its legends only what its queries keep', () => {
    for (const { expr, legendFormat } of panels.flatMap((panel) => panel.targets)) {
      const kept = new Set(groupsOf(expr));
      for (const [, label = ''] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) expect([...kept], expr).toContain(label);
    }
  });

  it('uses only variables that it defines', () => {
    const known = new Set([...variables.map(({ name }) => name), '__rate_interval']);
    for (const expression of expressions) {
      for (const [, name = ''] of expression.matchAll(/\$(\w+)/g)) expect(known, expression).toContain(name);
    }
  });

  it('has panels that do not lie on each other', () => {
    const cells = new Set<string>();
    for (const { title, gridPos } of panels) {
      expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(cells.has(`${x} ${y}`), title).toBe(false);
          cells.add(`${x} ${y}`);
        }
      }
    }
  });
});

/** The labels that a query chooses by, groups by or lists. */
function labelsIn(expression: string): string[] {
  const chosen = [...expression.matchAll(/(\w+)\s*[!=]~?\s*"/g)].map(([, label = '']) => label);
  const listed = /^label_values\(.*,\s*(\w+)\)$/.exec(expression)?.[1];
  return [...chosen, ...groupsOf(expression), ...(listed === undefined ? [] : [listed])];
}

function groupsOf(expression: string): string[] {
  return [...expression.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, labels = '']) => labels.split(/,\s*/));
}
