import type { CounterChange } from '../counter-change.ts';
import type { LeaseSlot } from './lease-slot.ts';

/** What is stored of limits in their periods. */
export type LoadUsed = (
  periods: readonly { readonly limitId: string; readonly periodStart: number }[],
) => Promise<readonly CounterChange[]>;

const againMs = 1000;

/** Reads what is stored of periods of which the authority knows nothing, once at a time. */
export class StoredUse {
  readonly #loadUsed: LoadUsed | undefined;
  readonly #onTold: () => void;
  #isLoading = false;

  /** @param loadUsed undefined: nothing is stored */
  constructor(loadUsed: LoadUsed | undefined, onTold: () => void) {
    this.#loadUsed = loadUsed;
    this.#onTold = onTold;
  }

  /** Tells slots what was used of their periods, so that they can say so. */
  tell(slots: readonly LeaseSlot[]): void {
    if (this.#isLoading) return;
    this.#isLoading = true;
    void this.#tell(slots);
  }

  async #tell(slots: readonly LeaseSlot[]): Promise<void> {
    try {
      const periods = slots.map(({ limit, start }) => ({ limitId: limit.id, periodStart: start }));
      const found = (await this.#loadUsed?.(periods)) ?? [];
      const used = new Map(found.map((one) => [`${one.periodStart} ${one.limitId}`, one.used]));
      const isStored = this.#loadUsed !== undefined;
      for (const slot of slots) slot.begin(used.get(`${slot.start} ${slot.limit.id}`) ?? 0, isStored);
      this.#isLoading = false;
      this.#onTold();
    } catch {
      // The storage tells of its own state. Meanwhile what is held is used, and it is tried again.
      setTimeout(() => {
        this.#isLoading = false;
        for (const slot of slots) slot.touch();
      }, againMs).unref();
    }
  }
}
