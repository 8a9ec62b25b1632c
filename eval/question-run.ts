import type { Report } from '../test/chaos/report.ts';
import { none } from '../test/chaos/report.ts';
import { atOnce } from './at-once.ts';
import { type Answered, tryPost } from './post-json.ts';
import type { Question } from './questions.ts';
import { isRightAnswer } from './right-answer.ts';

export interface QuestionRunOptions {
  /** The gateway's, with or without `/v1`. */
  readonly url: string;
  readonly model: string;
  readonly key: string | undefined;
  readonly questions: readonly Question[];
  /** What stands in `headrace_approach`: a name, a pipeline, or an object as JSON. */
  readonly approaches: readonly string[];
  readonly atOnce: number;
}

/** What one approach did with all questions. */
export interface Outcome {
  readonly approach: string;
  readonly questions: number;
  readonly right: number;
  /** Why questions were not answered; they count as not right. */
  readonly failures: readonly string[];
  readonly calls: number;
  readonly tokens: number;
  readonly seconds: readonly number[];
}

/** Asks every question with every approach, one approach after the other. */
export async function runQuestions(options: QuestionRunOptions): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const approach of options.approaches) outcomes.push(await askAll(approach, options));
  return outcomes;
}

/** A row for each approach; the gain is that over the first one in percentage points. */
export function reportQuestions(outcomes: readonly Outcome[], model: string): Report {
  const [first] = outcomes;
  return {
    title: `${first?.questions ?? 0} questions to ${model}`,
    columns: ['approach', 'right', 'share', 'standard error', 'gain', 'failed', 'calls', 'tokens', 's per answer'],
    rows: outcomes.map((outcome) => {
      const { approach, questions, right, failures, calls, tokens, seconds } = outcome;
      const share = right / questions;
      const gain = first === undefined || outcome === first ? '-' : percent(share - first.right / first.questions);
      const error = Math.sqrt((share * (1 - share)) / questions);
      const mean = seconds.reduce((sum, one) => sum + one, 0) / Math.max(1, seconds.length);
      return [approach, right, percent(share), percent(error), gain, failures.length, calls, tokens, mean.toFixed(2)];
    }),
    checks: [
      none(
        'every question was answered',
        outcomes.flatMap(({ approach, failures }) => failures.map((failure) => `${approach}, ${failure}`)),
      ),
    ],
  };
}

async function askAll(approach: string, options: QuestionRunOptions): Promise<Outcome> {
  const { questions } = options;
  const asked = await atOnce(questions, options.atOnce, (question, index) => ask(approach, question, index, options));
  const answered = asked.filter((one) => one.failure === undefined);
  const sum = (pick: (one: Asked) => number) => asked.reduce((total, one) => total + pick(one), 0);
  return {
    approach,
    questions: questions.length,
    right: asked.filter(({ isRight }) => isRight).length,
    failures: asked.flatMap(({ failure }) => failure ?? []),
    calls: sum(({ calls }) => calls),
    tokens: sum(({ tokens }) => tokens),
    seconds: answered.map(({ seconds }) => seconds),
  };
}

interface Asked {
  readonly isRight: boolean;
  readonly failure: string | undefined;
  /** Of answers only: a failure does not say what it took. */
  readonly calls: number;
  readonly tokens: number;
  readonly seconds: number;
}

async function ask(approach: string, question: Question, index: number, options: QuestionRunOptions): Promise<Asked> {
  const started = performance.now();
  const answered = await post(approach, question, options);
  const seconds = (performance.now() - started) / 1000;
  const failed = (why: string): Asked => {
    const failure = `question ${index + 1}: ${why}`;
    return { isRight: false, failure, calls: 0, tokens: 0, seconds };
  };
  if (typeof answered === 'string') return failed(answered);
  const { status, body } = answered;
  const text = body?.choices?.[0]?.message?.content;
  if (status !== 200) return failed(`${status} ${body?.error?.message ?? ''}`);
  if (typeof text !== 'string') return failed('the answer has no text');
  const isRight = isRightAnswer(text, question.answer);
  return {
    ...{ isRight, failure: undefined, seconds },
    calls: body.headrace?.calls ?? 1,
    tokens: body.usage?.total_tokens ?? 0,
  };
}

function post(approach: string, { question }: Question, options: QuestionRunOptions): Promise<Answered | string> {
  const url = new URL(`${options.url.replace(/\/+(v1\/*)?$/, '')}/v1/chat/completions`);
  const headers = options.key === undefined ? {} : { authorization: `Bearer ${options.key}` };
  const messages = [{ role: 'user', content: question }];
  const chosen: unknown = approach.startsWith('{') ? JSON.parse(approach) : approach;
  return tryPost(url, { model: options.model, messages, headrace_approach: chosen }, { headers });
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
