import type { Counts } from './drill-result.ts';
import type { Scenario } from './scenarios.ts';
import type { DrillCandidate, DrillTarget } from './targets.ts';

export interface Judged {
  readonly scenario: Scenario;
  readonly target: DrillTarget;
  readonly candidate: DrillCandidate;
  readonly counts: Counts;
  /** Seconds that were waited at most for the candidate to serve again. */
  readonly patience: number;
}

/** What came of a scenario, in words. */
export function verdictOf(judged: Judged): string {
  const { scenario, counts } = judged;
  if (scenario.fault === undefined) {
    return counts.whole === counts.requests ? 'all answered' : `${lostWords(counts)} although nothing was wrong`;
  }
  const parts = [counts.failed === 0 ? 'nothing lost' : whatWasLost(judged)];
  if (counts.broken > 0) {
    const before = counts.failed === 0 ? ' before the first output' : '';
    parts[0] += `${before}, ${counts.broken} broken after it, which nobody can take back`;
  }
  if (counts.servedBefore === 0) parts.push('the candidate served nothing before the fault, so this says little');
  else if (counts.recoveryMs === undefined) parts.push(notBack(judged));
  if (counts.failed === 0 && sparesOf(judged).length === 0) parts.push('there is no second candidate');
  return parts.join('; ');
}

/** Who can serve while the fault is there: those that it does not strike, and that take such requests. */
export function sparesOf({ scenario, target, candidate }: Pick<Judged, 'scenario' | 'target' | 'candidate'>) {
  const { fault } = scenario;
  const strikesAll = fault?.kind === 'down' || fault?.strikes === 'backend';
  const isStruck = ({ backend, model }: DrillCandidate) =>
    backend === candidate.backend && (strikesAll || model === candidate.model);
  return target.candidates.filter((other) => !isStruck(other) && takesTheSame(other, candidate));
}

function whatWasLost(judged: Judged): string {
  const { counts, target, scenario, candidate } = judged;
  const spares = sparesOf(judged);
  if (spares.length > 0) return `LOST: ${lostWords(counts)} although ${namesOf(spares)} could have answered`;
  const isSameBackend = target.candidates.every(({ backend }) => backend === candidate.backend);
  const others = isSameBackend
    ? 'every candidate is at the same backend'
    : 'the other candidates do not take such requests';
  const why = target.candidates.length === 1 ? 'no second candidate' : others;
  const { requests, failed } = counts.duringFault;
  const how = failed === requests ? 'every request' : `${failed} of ${requests} requests`;
  const state = scenario.fault?.kind === 'down' ? 'was down' : 'was failing';
  return `${why}: ${how} failed while ${candidate.backend.name} ${state}${codesOf(counts)}`;
}

/** Such as `12 of 150 failed (12 x upstream_error)`. */
function lostWords(counts: Counts): string {
  return `${counts.failed} of ${counts.requests} failed${codesOf(counts)}`;
}

function codesOf({ codes }: Counts): string {
  const shown = codes.slice(0, 3).map(([code, count]) => `${count} x ${code}`);
  return shown.length === 0 ? '' : ` (${shown.join(', ')})`;
}

function notBack({ candidate, patience }: Judged): string {
  const { failures, openMs } = candidate.backend.breaker;
  const breaker = failures === 0 ? '' : ` (its breaker opens for ${openMs / 1000} s)`;
  return `the candidate did not serve again within ${patience} s after the load${breaker}`;
}

function namesOf(candidates: readonly DrillCandidate[]): string {
  const labels = [...new Set(candidates.map(({ label }) => label))];
  return labels.length > 2 ? `${labels.length} other candidates` : labels.join(' and ');
}

/** Whether a candidate takes what is sent for another one: its headers, its metadata, its streams. */
function takesTheSame(other: DrillCandidate, candidate: DrillCandidate): boolean {
  const meets = (asked: DrillCandidate['headers'], sent: DrillCandidate['headers']) =>
    [...asked].every(([name, values]) => values.includes(sent.get(name)?.[0] ?? ''));
  const hasStreams = other.abilities?.has('streaming') !== false || candidate.abilities?.has('streaming') === false;
  return hasStreams && meets(other.headers, candidate.headers) && meets(other.metadata, candidate.metadata);
}
