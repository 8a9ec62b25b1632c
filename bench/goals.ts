import { paceMs } from './loads.ts';
import { type Results, row } from './results.ts';
import { telemetryTargets } from './targets.ts';

interface Goal {
  readonly text: string;
  readonly measured: number | undefined;
  readonly unit: string;
  readonly met: (value: number) => boolean;
}

/** What Headrace is held to, as a Markdown table: each goal, what was measured, and whether it is met. */
export function formatGoals(results: Results, loads: readonly string[]): string {
  const lines = [row(['goal', 'measured', 'met']), row(['---', '--:', '---'])];
  for (const { text, measured, unit, met } of createGoals(results, loads)) {
    if (measured === undefined) continue;
    lines.push(row([text, `${measured.toFixed(unit === '' ? 2 : 0)}${unit}`, met(measured) ? 'yes' : 'no']));
  }
  return lines.join('\n');
}

function createGoals(results: Results, loads: readonly string[]): Goal[] {
  const cpu = (load: string, target: string) => results.typical(load, target, (entry) => entry.cpu_us_req);
  const small = cpu('json1k', 'headrace');
  const memory = (target: string) => {
    const all = loads.map((load) => results.typical(load, target, (entry) => entry.rss_mb));
    const known = all.filter((value) => value !== undefined);
    return known.length === 0 ? undefined : Math.max(...known);
  };
  const latest = results.largest('paced200', 'headrace', (entry) => entry.chunk_us?.max);
  return [
    {
      text: "CPU per request (json1k) at most 8 times nginx's",
      measured: ratio(small, cpu('json1k', 'nginx')),
      unit: '',
      met: (value) => value <= 8,
    },
    {
      text: "CPU per request (json1k) at least 6 times less than Portkey's",
      measured: ratio(cpu('json1k', 'portkey'), small),
      unit: '',
      met: (value) => value >= 6,
    },
    {
      text: 'CPU per request of json50k at most 3 times that of json1k',
      measured: ratio(cpu('json50k', 'headrace'), small),
      unit: '',
      met: (value) => value <= 3,
    },
    {
      text: `no event of 200 paced streams later than ${10 * paceMs} ms`,
      measured: latest === undefined ? undefined : latest / 1000,
      unit: ' ms',
      met: (value) => value <= 10 * paceMs,
    },
    {
      text: 'CPU per request (json1k) with all of routing at most 1.2 times that without',
      measured: ratio(cpu('json1k', 'headrace-routed'), small),
      unit: '',
      met: (value) => value <= 1.2,
    },
    {
      text: 'CPU per request (json1k) with key, three levels of limits, ledger, metrics and log at most 1.5 times the bare pass-through',
      measured: ratio(cpu('json1k', 'headrace-governed'), cpu('json1k', 'headrace-bare')),
      unit: '',
      met: (value) => value <= 1.5,
    },
    ...['headrace-traces', 'headrace-capture', 'headrace-telemetry'].map((target) => ({
      text: `CPU per request (json1k) of ${target} at most 1.15 times that without`,
      measured: ratio(cpu('json1k', target), small),
      unit: '',
      met: (value: number) => value <= 1.15,
    })),
    ...telemetryTargets.map((target) => ({
      text: `memory (RSS) of ${target} under 200 MB in every load`,
      measured: memory(target),
      unit: ' MB',
      met: (value: number) => value < 200,
    })),
  ];
}

function ratio(value: number | undefined, base: number | undefined): number | undefined {
  return value === undefined || base === undefined ? undefined : value / base;
}
