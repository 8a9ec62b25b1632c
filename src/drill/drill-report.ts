import { version } from '../version.ts';
import type { DrillRun, TargetDrill } from './run-drill.ts';

/** What stands above the tables. */
export interface DrillFacts {
  readonly seconds: number;
  readonly rate: number;
  readonly patience: number;
  readonly limits: boolean;
  /** What is shorter in the drill than in the configuration. */
  readonly shortened: readonly string[];
  readonly startedAt: Date;
}

/** The head of the report, in Markdown. */
export function headText(facts: DrillFacts): string {
  const third = round(facts.seconds / 3);
  const rates = facts.limits ? 'Rates of models and keys hold.' : 'Rates of models and keys do not hold (--limits).';
  const lines = [
    '# Fault drill',
    '',
    `headrace ${version}, ${facts.startedAt.toISOString().slice(0, 19)}Z. All backends were scripted servers on this machine: no request and no key left it.`,
    `Load: ${facts.rate} requests/s for ${facts.seconds} s, half of them streams; the fault from ${third} s to ${round(2 * third)} s; then at most ${facts.patience} s more until the candidate serves again. ${rates}`,
  ];
  if (facts.shortened.length > 0) lines.push(`Shortened: ${facts.shortened.join('; ')}.`);
  return `${lines.join('\n')}\n`;
}

/** The table of one route. */
export function targetText({ target, runs }: TargetDrill): string {
  const candidates = target.candidates.map(({ label }) => inCode(label)).join(', ');
  const names = [...new Set(runs.map((run) => run.candidate))];
  const tables = names.map((name) => {
    const rows = runs.filter((run) => run.candidate === name).map(rowOf);
    return `Faults at ${inCode(name)}:\n\n${table([columns, ...rows])}`;
  });
  return `\n## ${inCode(target.name)}\n\nCandidates: ${candidates}\n\n${tables.join('\n')}`;
}

/** The last lines. */
export function endText(drills: readonly TargetDrill[]): string {
  const all = drills.flatMap(({ target, runs }) => runs.map((run) => ({ target, run })));
  const losses = all.filter(({ run }) => run.isLoss);
  const lone = drills.filter(({ target }) => target.candidates.length === 1).length;
  const lines = [
    `\n${all.length} scenarios; ${losses.length === 0 ? 'none lost a request that another candidate could have saved.' : 'requests were lost in:'}`,
  ];
  for (const { target, run } of losses)
    lines.push(`- ${inCode(target.name)}, ${run.scenario} at ${inCode(run.candidate)}`);
  if (lone > 0)
    lines.push(`${lone} of ${drills.length} have one candidate only: what fails there is not counted as lost.`);
  return `${lines.join('\n')}\n`;
}

/** The whole report as an object of JSON. Times are in milliseconds. */
export function drillJson(facts: DrillFacts, drills: readonly TargetDrill[]): object {
  const { seconds, rate, patience, limits, shortened, startedAt } = facts;
  return {
    version,
    started_at: startedAt.toISOString(),
    seconds,
    rate,
    patience,
    limits,
    shortened,
    ok: drills.every(({ runs }) => runs.every((run) => !run.isLoss)),
    routes: drills.map(({ target, runs }) => ({
      route: target.name,
      candidates: target.candidates.map(({ label }) => label),
      scenarios: runs.map(runJson),
    })),
  };
}

function runJson(run: DrillRun): object {
  return {
    scenario: run.scenario,
    candidate: run.candidate,
    requests: run.requests,
    whole: run.whole,
    failed: run.failed,
    broken: run.broken,
    success_rate: run.requests === 0 ? null : run.whole / run.requests,
    during_fault: run.duringFault,
    slowest_first_output_ms: wholeOrNull(run.slowestFirstOutputMs),
    failover_ms: wholeOrNull(run.failoverMs),
    recovery_ms: wholeOrNull(run.recoveryMs),
    served_before_fault: run.servedBefore,
    codes: Object.fromEntries(run.codes),
    lost: run.isLoss,
    verdict: run.verdict,
  };
}

const columns = [
  'scenario',
  'requests',
  'whole',
  'failed',
  'broken',
  'success',
  'slowest first output',
  'fail over',
  'recover',
  'verdict',
];

function rowOf(run: DrillRun): string[] {
  const success = run.requests === 0 ? '-' : `${(Math.floor((1000 * run.whole) / run.requests) / 10).toFixed(1)}%`;
  const counts = [run.requests, run.whole, run.failed, run.broken].map(String);
  const times = [run.slowestFirstOutputMs, run.failoverMs, run.recoveryMs].map(time);
  return [run.scenario, ...counts, success, ...times, run.verdict.replaceAll('|', '\\|')];
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = columns.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  const isNumber = (at: number) => at > 0 && at < columns.length - 1;
  const line = (row: readonly string[]) => {
    const cells = row.map((cell, at) => (isNumber(at) ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0)));
    return `| ${cells.join(' | ')} |\n`;
  };
  const rule = widths.map((width, at) => (isNumber(at) ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width)));
  const [head, ...body] = rows;
  return [line(head ?? columns), line(rule), ...body.map(line)].join('');
}

function time(milliseconds: number | undefined): string {
  if (milliseconds === undefined) return '-';
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(2)} s`;
}

function wholeOrNull(milliseconds: number | undefined): number | null {
  return milliseconds === undefined ? null : Math.round(milliseconds);
}

function round(seconds: number): number {
  return Math.round(seconds * 100) / 100;
}

/** A name may hold anything but is one word of a line. */
function inCode(name: string): string {
  return `\`${name.replace(/[`\s\p{Cc}]+/gu, ' ').trim()}\``;
}
