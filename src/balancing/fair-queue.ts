import { LinkedList, type ListNode } from './linked-list.ts';

/** Who waits: on whose behalf, and whether all others go first. */
export interface Waiter {
  readonly caller: string;
  readonly nice: boolean;
}

/**
 * Those who wait, by turns: one of each caller, then the next one of each; those of one caller in the order in which
 * they came. The nice ones have turns among themselves when nobody else waits.
 */
export class FairQueue<W extends Waiter> {
  readonly #usual = new Turns<W>();
  readonly #nice = new Turns<W>();

  get size(): number {
    return this.#usual.size + this.#nice.size;
  }

  /** @returns what takes it out again */
  add(waiter: W): ListNode<W> {
    return this.#turns(waiter).add(waiter);
  }

  /** It does not wait any more; false: it did not wait. */
  remove(node: ListNode<W>): boolean {
    return this.#turns(node.value).remove(node);
  }

  /** Takes out the one whose turn it is. */
  next(): W | undefined {
    return this.#usual.next() ?? this.#nice.next();
  }

  /**
   * Takes out one that has to make room where all room is taken: a nice one for others, else the last one of the caller
   * that has the most, where that has at least two more than the one that comes. Undefined: none has to.
   */
  makeRoom(waiter: Waiter): W | undefined {
    if (!waiter.nice && this.#nice.size > 0) return this.#nice.takeLastOfMost(0);
    const turns = this.#turns(waiter);
    return turns.takeLastOfMost(turns.sizeOf(waiter.caller) + 2);
  }

  /** How many would go before one that came now. */
  before(waiter: Waiter): number {
    return this.#turns(waiter).before(waiter.caller) + (waiter.nice ? this.#usual.size : 0);
  }

  #turns({ nice }: Waiter): Turns<W> {
    return nice ? this.#nice : this.#usual;
  }
}

/** Those of one caller. */
interface Own<W> {
  readonly caller: string;
  readonly waiters: LinkedList<W>;
}

class Turns<W extends Waiter> {
  /** The caller whose turn is next in front. */
  readonly #callers = new LinkedList<Own<W>>();
  readonly #byName = new Map<string, ListNode<Own<W>>>();
  size = 0;

  add(waiter: W): ListNode<W> {
    const { caller } = waiter;
    let own = this.#byName.get(caller);
    if (own === undefined) {
      own = this.#callers.add({ caller, waiters: new LinkedList() });
      this.#byName.set(caller, own);
    }
    this.size++;
    return own.value.waiters.add(waiter);
  }

  remove(node: ListNode<W>): boolean {
    const own = this.#byName.get(node.value.caller);
    if (!own?.value.waiters.remove(node)) return false;
    this.#taken(own);
    return true;
  }

  next(): W | undefined {
    const own = this.#callers.first;
    const node = own?.value.waiters.first;
    if (own === undefined || node === undefined) return undefined;
    own.value.waiters.remove(node);
    this.#callers.moveToEnd(own);
    this.#taken(own);
    return node.value;
  }

  sizeOf(name: string): number {
    return this.#byName.get(name)?.value.waiters.size ?? 0;
  }

  /** @param least so many the caller with the most must have */
  takeLastOfMost(least: number): W | undefined {
    let most: Own<W> | undefined;
    for (const own of this.#callers) if (own.waiters.size > (most?.waiters.size ?? 0)) most = own;
    const last = most === undefined || most.waiters.size < least ? undefined : most.waiters.last;
    if (last === undefined) return undefined;
    this.remove(last);
    return last.value;
  }

  before(name: string): number {
    let count = this.sizeOf(name);
    let rounds = count + 1; // of those whose turn is before the caller's
    for (const { caller, waiters } of this.#callers) {
      if (caller === name) rounds--;
      else count += Math.min(waiters.size, rounds);
    }
    return count;
  }

  #taken(own: ListNode<Own<W>>): void {
    this.size--;
    if (own.value.waiters.size > 0) return;
    this.#callers.remove(own);
    this.#byName.delete(own.value.caller);
  }
}
