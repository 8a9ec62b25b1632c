import type { SyncReply, SyncRequest } from './lease-messages.ts';

/** What a member remembers of its authority and of the other members, so that one that lost everything can be told. */
export class MemberMemory {
  /** Members that are there, as the authority said; 0: it never did. */
  members = 0;
  /** So long at most nothing is granted, as it said last. */
  graceMs = 0;
  #epoch = '';
  #view = 0;
  #others: readonly string[] = [];
  #isAsked = false;

  /**
   * What the next message says of it.
   * @param isAllTold whether all that is held was told to the authority that answered last
   */
  words(isAllTold: boolean): Pick<SyncRequest, 'epoch' | 'view' | 'remembered'> {
    const remembered = this.#isAsked && isAllTold ? this.#others : undefined;
    return { epoch: this.#epoch, view: this.#view, remembered };
  }

  /** @returns whether this authority knows nothing of what the one before it knew, so that all is to be told */
  heard({ epoch, view, isAsking, others, members, graceMs }: SyncReply): boolean {
    const isNew = epoch !== this.#epoch;
    const isLoss = isNew && this.#epoch !== '';
    // An authority that has lost everything has not heard all of them yet.
    this.members = graceMs > 0 ? Math.max(this.members, members) : members;
    this.graceMs = graceMs;
    this.#epoch = epoch;
    this.#isAsked = isAsking;
    if (isNew) this.#view = 0;
    if (others !== undefined) {
      this.#others = others;
      this.#view = view;
    }
    return isLoss;
  }
}
