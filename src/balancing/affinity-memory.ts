import { RecentMap } from '../recent-map.ts';
import type { CandidateHealth } from './candidate-health.ts';

const mostConversations = 50_000;
const forgottenAfterMs = 600_000;
/** One that was used again within this time keeps its place in the order of use, since moving it costs more. */
const inOrderMs = 60_000;

interface Place {
  /** Undefined: it was not answered yet. */
  health: CandidateHealth | undefined;
  usedAt: number;
  /** When it got its place in the order of use. */
  movedAt: number;
}

/**
 * Where conversations were answered last. Bounded to the last 50,000, told apart by minutes; one that is not used for
 * ten minutes is forgotten, since no provider's prompt cache holds it much longer.
 */
export class AffinityMemory {
  readonly #now: () => number;
  readonly #places = new RecentMap<number, Place>(mostConversations);

  /** @param now a clock that never goes back, in milliseconds */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  get size(): number {
    return this.#places.size;
  }

  /** Where it was answered; undefined: that is not known (any more), but will be, when it is answered next. */
  recall(conversation: number): CandidateHealth | undefined {
    const now = this.#now();
    const place = this.#places.peek(conversation);
    if (place === undefined) {
      this.#forgetOld(now);
      this.#places.set(conversation, { health: undefined, usedAt: now, movedAt: now });
      return undefined;
    }
    if (now - place.usedAt >= forgottenAfterMs) place.health = undefined;
    place.usedAt = now;
    if (now - place.movedAt >= inOrderMs) {
      place.movedAt = now;
      this.#places.set(conversation, place);
    }
    return place.health;
  }

  /** It was answered there. Only those that were to be recalled are remembered, since nobody asks for the others. */
  remember(conversation: number, health: CandidateHealth): void {
    const place = this.#places.peek(conversation);
    if (place !== undefined) place.health = health;
  }

  /** Two at a time, so that what is forgotten goes at least as fast as new ones come. */
  #forgetOld(now: number): void {
    for (let i = 0; i < 2; i++) {
      const oldest = this.#places.oldest();
      if (oldest === undefined || now - oldest.usedAt < forgottenAfterMs) return;
      this.#places.dropOldest();
    }
  }
}
