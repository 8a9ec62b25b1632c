import { atOnce } from './at-once.ts';
import { type Case, expectedCalls } from './cases.ts';
import { type Answered, tryPost } from './post-json.ts';
import { puzzleOf } from './puzzle.ts';
import { isRightAnswer } from './right-answer.ts';
import type { ScriptedUpstream, UpstreamKind } from './scripted-upstream.ts';
import type { Usage } from './usage.ts';

export interface MeasureOptions {
  /** The gateway's, without a path. */
  readonly url: string;
  readonly tasks: number;
  readonly seed: number;
  readonly atOnce: number;
  /** Whether answers are asked for as streams. */
  readonly stream?: boolean | undefined;
  /** Milliseconds of `performance.now()` after which no task begins. */
  readonly until: number;
}

/** What one approach did with one kind of backend. */
export interface Measurement {
  readonly name: string;
  readonly kind: UpstreamKind;
  /** Answered or failed ones; fewer than wanted where the time was over. */
  readonly tasks: number;
  readonly right: number;
  /** The probability of a right answer. */
  readonly due: number;
  /** Upstream calls in all. */
  readonly calls: number;
  readonly tokens: number;
  /** Of all answers, ascending. */
  readonly milliseconds: readonly number[];
  /** Of each kind the tasks at which something was wrong. */
  readonly faults: Readonly<Record<'answers' | 'calls' | 'usage' | 'prompts', readonly string[]>>;
}

/** Asks the route `<kind>-<name>` one task after another; the first alone, as the gateway learns by it how `n` is taken. */
export async function measure(
  one: Case,
  kind: UpstreamKind,
  upstream: ScriptedUpstream,
  options: MeasureOptions,
): Promise<Measurement> {
  const numbers = Array.from({ length: options.tasks }, (_, number) => number);
  const ask = (number: number) => solve(one, kind, number, upstream, options);
  const isOver = () => performance.now() > options.until;
  const solved = await atOnce(numbers.slice(0, 1), 1, ask, isOver);
  solved.push(...(await atOnce(numbers.slice(1), options.atOnce, ask, isOver)));
  const label = `${kind}-${one.name}`;
  const all = (pick: (task: Solved) => readonly string[]) =>
    solved.flatMap((task) => pick(task).map((fault) => `${label}, task ${task.number}: ${fault}`));
  return {
    name: one.name,
    kind,
    tasks: solved.length,
    right: solved.filter((task) => task.isRight).length,
    due: one.closedForm(one.odds),
    calls: solved.reduce((sum, task) => sum + task.calls, 0),
    tokens: solved.reduce((sum, task) => sum + task.usage.total_tokens, 0),
    milliseconds: solved.map((task) => task.milliseconds).sort((a, b) => a - b),
    faults: {
      answers: all((task) => task.faults.answers),
      calls: all((task) => task.faults.calls),
      usage: all((task) => task.faults.usage),
      prompts: all((task) => task.faults.prompts),
    },
  };
}

interface Solved {
  readonly number: number;
  readonly isRight: boolean;
  readonly calls: number;
  readonly usage: Usage;
  readonly milliseconds: number;
  readonly faults: Measurement['faults'];
}

/** After so many milliseconds a task counts as not answered, so that a run ends whatever happens. */
const patience = 30_000;

async function solve(
  one: Case,
  kind: UpstreamKind,
  number: number,
  upstream: ScriptedUpstream,
  { url, seed, stream = false }: MeasureOptions,
): Promise<Solved> {
  const { question, answer } = puzzleOf(number, seed, one.odds.wrong);
  const streaming = stream ? { stream, stream_options: { include_usage: true } } : {};
  const messages = [{ role: 'user', content: question }];
  const request = { model: `${kind}-${one.name}`, messages, seed: 1, ...streaming };
  const started = performance.now();
  const signal = AbortSignal.timeout(patience);
  const answered = await tryPost(new URL('/v1/chat/completions', url), request, { signal });
  const milliseconds = performance.now() - started;
  const { calls, usage, faults } = upstream.account(one.name, number);
  const result = { number, calls: calls.length, usage, milliseconds };
  const failed = (why: string) => ({
    ...{ ...result, isRight: false },
    faults: { answers: [why], calls: [], usage: [], prompts: faults },
  });
  if (typeof answered === 'string') return failed(answered);
  const text = answered.body?.choices?.[0]?.message?.content;
  if (answered.status !== 200) return failed(`${answered.status} ${answered.body?.error?.message ?? ''}`);
  if (typeof text !== 'string') return failed('the answer has no text');
  const told = one.approach === undefined ? [] : toldCalls(answered, calls.length, stream);
  return {
    ...{ ...result, isRight: isRightAnswer(text, answer) },
    faults: {
      answers: [],
      calls: [...differences('', calls, expectedCalls(one, kind, number === 0)), ...told],
      usage: differences('', answered.body.usage, usage),
      prompts: faults,
    },
  };
}

/** What an answer says of how it came about. */
function toldCalls({ headers, body }: Answered, calls: number, isStream: boolean): string[] {
  return [
    // Of a stream nobody knows it when its headers go out.
    ...(isStream ? [] : differences('its header says ', headers['x-headrace-calls'], String(calls))),
    ...differences('its body says ', body?.headrace?.calls, calls),
  ];
}

function differences(before: string, measured: unknown, due: unknown): string[] {
  const [is, should] = [inOrder(measured), inOrder(due)];
  return is === should ? [] : [`${before}${is} instead of ${should}`];
}

/** The same for equal values, whatever the order of their fields. */
function inOrder(value: unknown): string {
  const sorted = (_: string, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner;
  return JSON.stringify(value, sorted) ?? 'nothing';
}
