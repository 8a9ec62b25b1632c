import type { Judged, Outcome } from './failover.ts';
import type { RequestLine } from './gateway-child.ts';
import type { Verdict } from './judge.ts';
import { type Check, none, type Report, same } from './report.ts';

/** What clients got. */
export function reportFailover(outcomes: readonly Outcome[], faults: readonly string[]): Report {
  const modes = [...new Set(outcomes.map(({ mode }) => mode))];
  const used = [...new Set(outcomes.map(({ way }) => way))];
  return {
    title: 'Failing over',
    columns:
      'what|requests|reached the bad one|whole|broken after the first byte|failed|wrong|slowest first byte'.split('|'),
    rows: [
      ...modes.map((mode) =>
        rowOf(
          `${mode.name}: ${mode.meaning}`,
          outcomes.filter((one) => one.mode === mode),
        ),
      ),
      ...used.map((way) =>
        rowOf(
          `(${way.name})`,
          outcomes.filter((one) => one.way === way),
        ),
      ),
      rowOf('all', outcomes),
    ],
    checks: checksOf(outcomes, faults),
  };
}

function checksOf(outcomes: readonly Outcome[], faults: readonly string[]): Check[] {
  const all = outcomes.flatMap(({ exchanges }) => exchanges);
  const untouched = outcomes.filter(({ mode, badAsked }) => mode.behave !== 'refuse' && badAsked === 0);
  const shouldBreak = outcomes.filter(({ mode, way }) => mode.mayBreakStreams && way.name === 'ordered, no breaker');
  return [
    none(
      'no request failed before its first byte',
      all.flatMap(({ verdict, ask }) => (verdict.kind === 'failed' ? [`${ask.nonce} ${verdict.why}`] : [])),
    ),
    none(
      'no answer was mixed, doubled, out of order, cut silently, or of another request',
      all.flatMap(({ verdict, ask }) => (verdict.kind === 'wrong' ? [`${ask.nonce} ${ask.model} ${verdict.why}`] : [])),
    ),
    none(
      'only streams break, and only where the backend had sent some text',
      outcomes
        .filter(({ mode }) => !mode.mayBreakStreams)
        .flatMap(({ exchanges, way }) =>
          exchanges.filter(({ verdict }) => verdict.kind === 'broken').map(({ ask }) => `${way.name} ${ask.nonce}`),
        ),
    ),
    none(
      'every way met the bad backend in every mode',
      untouched.map(({ mode, way }) => `${way.name} ${mode.name}`),
    ),
    none(
      'streams did break where they could not but break',
      shouldBreak
        .filter(({ exchanges }) => exchanges.every(({ verdict }) => verdict.kind !== 'broken'))
        .map(({ mode }) => mode.name),
    ),
    none('neither gateway nor backends met an error of their own', faults),
  ];
}

function rowOf(what: string, outcomes: readonly Outcome[]): (string | number)[] {
  const all = outcomes.flatMap(({ exchanges }) => exchanges);
  const count = (kind: Verdict['kind']) => all.filter(({ verdict }) => verdict.kind === kind).length;
  const badAsked = outcomes.reduce((sum, one) => sum + one.badAsked, 0);
  const slowest = all.reduce((most, { received }) => Math.max(most, received.firstByteMs), 0);
  return [
    what,
    all.length,
    badAsked,
    count('whole'),
    count('broken'),
    count('failed'),
    count('wrong'),
    `${(slowest / 1000).toFixed(2)} s`,
  ];
}

/** Holds the log, a line a request, against what clients got. */
export function reportCharges(outcomes: readonly Outcome[], lines: readonly RequestLine[]): Report {
  const rows = outcomes.flatMap(({ exchanges, way }) => exchanges.map((one) => ({ ...one, way: way.name })));
  const got = { prompt: 0, completion: 0 };
  for (const { verdict } of rows) {
    if (verdict.kind !== 'whole') continue;
    got.prompt += verdict.usage.prompt_tokens;
    got.completion += verdict.usage.completion_tokens;
  }
  // Of a stream that broke the gateway counts what came, which no client can say.
  const whole = lines.filter(({ outcome }) => outcome === 'complete');
  const sum = (field: 'prompt_tokens' | 'completion_tokens') =>
    whole.reduce((total, line) => total + (line[field] ?? 0), 0);
  return {
    title: 'Counting each answer once',
    columns: '|requests|prompt tokens|completion tokens'.split('|'),
    rows: [
      [
        'answers that clients got whole',
        rows.filter(({ verdict }) => verdict.kind === 'whole').length,
        got.prompt,
        got.completion,
      ],
      ['lines of the log that say so', whole.length, sum('prompt_tokens'), sum('completion_tokens')],
    ],
    checks: [
      same('one line for each request', lines.length, rows.length),
      same('prompt tokens: the log says what clients got', sum('prompt_tokens'), got.prompt),
      same('completion tokens: the log says what clients got', sum('completion_tokens'), got.completion),
      none('each line is of the backend and the usage of the answer that its client got', unequal(rows, lines)),
    ],
  };
}

function unequal(rows: readonly Judged[], lines: readonly RequestLine[]): string[] {
  const byId = Map.groupBy(lines, ({ id }) => id);
  return rows.flatMap(({ ask, verdict }) => {
    const own = byId.get(ask.nonce)?.shift();
    if (own === undefined) return [`no line for ${ask.nonce}`];
    if (verdict.kind === 'whole') {
      const { prompt_tokens: prompt, completion_tokens: completion } = verdict.usage;
      const isSame = own.prompt_tokens === prompt && own.completion_tokens === completion;
      if (own.outcome === 'complete' && own.backend === verdict.backend && isSame) return [];
    } else if (verdict.kind === 'broken') {
      if (own.outcome === 'broken' && own.backend === verdict.backend) return [];
    } else if (own.outcome !== 'complete') return [];
    return [`${ask.nonce}: ${verdict.kind}, but the log says ${JSON.stringify(own)}`];
  });
}
