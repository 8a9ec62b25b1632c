import { RecentMap } from '../recent-map.ts';

/** A new length counts for an eighth, the older ones for the rest; of the deviation a quarter. As RFC 6298 has it. */
const lengthGain = 1 / 8;
const deviationGain = 1 / 4;
/** So many deviations above the mean are expected. */
const deviations = 2;
const mostRemembered = 20_000;

interface History {
  mean: number;
  deviation: number;
}

/** How long answers are, by who asks and for which model: what was long counts less with every answer that comes. */
export class ExpectedOutput {
  readonly #histories = new RecentMap<string, History>(mostRemembered);

  /** The tokens that an answer is expected to have at most; undefined: there was none yet. */
  expect(caller: string, model: string): number | undefined {
    const history = this.#histories.peek(keyOf(caller, model));
    return history && Math.ceil(history.mean + deviations * history.deviation);
  }

  /** An answer of so many tokens was complete. */
  learn(caller: string, model: string, tokens: number): void {
    if (!(tokens >= 0) || tokens === Number.POSITIVE_INFINITY) return;
    const key = keyOf(caller, model);
    const history = this.#histories.get(key);
    if (history === undefined) {
      this.#histories.set(key, { mean: tokens, deviation: tokens / 2 });
      return;
    }
    history.deviation += deviationGain * (Math.abs(tokens - history.mean) - history.deviation);
    history.mean += lengthGain * (tokens - history.mean);
  }
}

/** Names are no longer than that where they are not made up. */
function keyOf(caller: string, model: string): string {
  return `${caller} ${model.slice(0, 256)}`;
}
