import { periodStart } from './calendar.ts';
import type { Demand, Level, Limit, LimitState, Period, Resource } from './limit.ts';
import { limitId } from './limit.ts';
import { Clock } from './moment.ts';

/** Makes a limit of a key or of another level. */
export function limit(
  resource: Resource,
  period: Period | undefined,
  maximum: number,
  level: Level = { kind: 'key', name: 'alice' },
): Limit {
  return { id: limitId(level, resource, period), level, resource, period, maximum };
}

/** Two clocks that a test moves. */
export class TestClock extends Clock {
  monotonic = 0;
  /** A Wednesday. */
  wall = Date.UTC(2026, 3, 15, 12);

  constructor() {
    super(
      () => this.monotonic,
      () => this.wall,
    );
  }

  pass(milliseconds: number): void {
    this.monotonic += milliseconds;
    this.wall += milliseconds;
  }
}

/** One amount that counts for a call, in the plainest form. */
interface Piece {
  readonly at: number;
  readonly period: number;
  amount: number;
}

/** A call of the model, with what it holds of each limit. */
export interface ModelCall {
  readonly pieces: Map<Limit, Piece>;
  readonly reserved: { requests: number; tokens: number; cost: number };
  isOver: boolean;
}

/** What a governor must do, by adding up every call at every question. */
export class ModelGovernor {
  readonly settled = new Map<string, number>();
  readonly #pieces = new Map<Limit, Piece[]>();
  readonly #clock: TestClock;

  constructor(limits: readonly Limit[], clock: TestClock) {
    for (const one of limits) this.#pieces.set(one, []);
    this.#clock = clock;
  }

  /** What is used of a limit some time from now. */
  used(one: Limit, laterMs = 0): number {
    const now = this.#clock.monotonic + laterMs;
    const wall = this.#clock.wall + laterMs;
    const counts = (piece: Piece) => {
      if (one.period === undefined) return true;
      return one.period === 'minute' ? now - piece.at < 60_000 : piece.period === periodStart(one.period, wall);
    };
    return (this.#pieces.get(one) ?? []).reduce((sum, piece) => sum + (counts(piece) ? piece.amount : 0), 0);
  }

  fits(one: Limit, demand: Demand, laterMs = 0): boolean {
    const amount = amountOf(one, demand, 1);
    return amount === 0 || this.used(one, laterMs) + amount <= one.maximum;
  }

  admit(demand: Demand): ModelCall {
    const pieces = new Map<Limit, Piece>();
    for (const [one, list] of this.#pieces) {
      const piece = { at: this.#clock.monotonic, period: this.#periodOf(one), amount: amountOf(one, demand, 1) };
      pieces.set(one, piece);
      list.push(piece);
    }
    return { pieces, reserved: { ...demand }, isOver: false };
  }

  /** Whether every limit has so much more for a call, where that call is booked. */
  hasMore(call: ModelCall, more: Demand): boolean {
    return [...this.#pieces.keys()].every((one) => {
      const amount = amountOf(one, more, 0);
      if (amount === 0) return true;
      return this.#usedBeside(one, call.pieces.get(one) as Piece) + amount <= one.maximum;
    });
  }

  extend(call: ModelCall, more: Demand): void {
    for (const one of this.#pieces.keys()) this.#change(call, one, amountOf(one, more, 0));
    for (const name of ['requests', 'tokens', 'cost'] as const) call.reserved[name] += more[name];
  }

  end(call: ModelCall, taken: Demand | undefined): void {
    call.isOver = true;
    for (const one of this.#pieces.keys()) {
      const held = amountOf(one, call.reserved, 1);
      const used = taken === undefined ? 0 : amountOf(one, taken, 0);
      this.#change(call, one, used - held);
      if (taken === undefined || one.period === undefined || one.period === 'minute') continue;
      const key = `${one.id} ${call.pieces.get(one)?.period}`;
      this.settled.set(key, (this.settled.get(key) ?? 0) + used);
    }
  }

  #usedBeside(one: Limit, { period }: Piece): number {
    if (one.period === undefined || one.period === 'minute') return this.used(one);
    const list = this.#pieces.get(one) ?? [];
    return list.reduce((sum, piece) => sum + (piece.period === period ? piece.amount : 0), 0);
  }

  #change(call: ModelCall, one: Limit, by: number): void {
    const piece = call.pieces.get(one) as Piece;
    const isGone = one.period === 'minute' && this.#clock.monotonic - piece.at >= 60_000;
    if (!isGone) {
      piece.amount = Math.max(0, piece.amount + by);
    } else if (by > 0) {
      const late = { at: this.#clock.monotonic, period: 0, amount: by };
      call.pieces.set(one, late);
      this.#pieces.get(one)?.push(late);
    }
  }

  #periodOf({ period }: Limit): number {
    return period === undefined || period === 'minute' ? 0 : periodStart(period, this.#clock.wall);
  }
}

export function amountOf({ resource }: Limit, demand: Demand, places: number): number {
  return resource === 'concurrent' ? places : demand[resource];
}

/** By the limit's name, how much of it is used. */
export function usedOf(states: readonly LimitState[]): Record<string, number> {
  return Object.fromEntries(states.map(({ limit: { id }, used }) => [id, used]));
}
