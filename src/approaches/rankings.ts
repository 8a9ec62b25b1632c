import { majorityOf } from './majority.ts';
import { comparisonRequest, ratingRequest } from './prompts/cepo.ts';
import { readChoice } from './reading/read-choice.ts';
import { readScore } from './reading/read-score.ts';
import type { Reply } from './reply.ts';
import type { HelpOptions, Task } from './solver.ts';

/** Which of several candidates is the best, and what is told of that. */
export interface Ranking {
  /** Its index; of equal ones the first. */
  readonly best: number;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** Finds the best of several candidates; `options` hold for each call. */
export type Rank = (task: Task, replies: readonly Reply[], options: HelpOptions) => Promise<Ranking>;

/** A score for each by itself; an unreadable one ranks below every number. */
const absolute: Rank = async (task, replies, options) => {
  const scores = await Promise.all(
    replies.map(async (reply) => {
      const rating = await task.tryHelp({ ...options, material: ratingRequest(reply.text) });
      const score = rating === undefined ? undefined : readScore(rating.text, { least: 0, most: 10 });
      if (score !== undefined) task.offer(reply, score);
      return score;
    }),
  );
  return ranked(scores);
};

/** Each pair in both orders, as a place alone may please; a win counts one. */
const pairwise: Rank = async (task, replies, options) => {
  const wins = replies.map(() => 0);
  const pairs = replies.flatMap((_, one) => replies.map((_, other) => [one, other] as const));
  const fights = pairs.filter(([one, other]) => one !== other);
  await Promise.all(
    fights.map(async (fight) => {
      const [one, other] = fight.map((index) => (replies[index] as Reply).text) as [string, string];
      const verdict = await task.tryHelp({ ...options, material: comparisonRequest([one, other]) });
      const choice = verdict === undefined ? undefined : readChoice(verdict.text, 2);
      if (choice === undefined) return;
      const winner = fight[choice - 1] as number;
      const won = (wins[winner] ?? 0) + 1;
      wins[winner] = won;
      task.offer(replies[winner] as Reply, won);
    }),
  );
  return ranked(wins);
};

/** The answer that most of them give; costs no call. */
const majority: Rank = async (_, replies) => {
  const { winner, votes } = majorityOf(replies);
  return { best: winner, metadata: { votes } };
};

export const rankings = { absolute, pairwise, majority };

/** The calls that a ranking of so many candidates takes. */
export function ratingCalls(ranking: keyof typeof rankings, candidates: number): number {
  if (candidates === 1 || ranking === 'majority') return 0;
  return ranking === 'absolute' ? candidates : candidates * (candidates - 1);
}

function ranked(scores: readonly (number | undefined)[]): Ranking {
  const values = scores.map((score) => score ?? Number.NEGATIVE_INFINITY);
  const best = values.indexOf(Math.max(...values));
  return { best, metadata: { scores: scores.map((score) => score ?? null) } };
}
