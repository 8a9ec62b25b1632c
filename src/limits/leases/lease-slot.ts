import type { Limit } from '../limit.ts';
import type { SlotKind, SlotReply, SlotReport } from './lease-messages.ts';

/** What slots need of their member. */
export interface SlotPorts {
  /** Whether what was not acknowledged is bounded by the step, and the lease may be over. */
  readonly isBounded: boolean;
  /** Whether it may admit at all. */
  readonly mayAdmit: boolean;
  /** Something is to be told of this slot. */
  touched(slot: LeaseSlot): void;
  /** Half of the step is used up, so that it is to be told now. */
  pressing(): void;
}

/** What is remembered of calls that ended, in seconds: what may not be stored yet when a store is found empty. */
const recentSeconds = 16;

/** What a member holds of one key: a limit, or a limit in one calendar period. */
export class LeaseSlot {
  readonly key: string;
  readonly kind: SlotKind;
  /** Start of the period; 0 for all others. */
  readonly start: number;
  limit: Limit;
  /** All that it may use, with what it has used. */
  allotted = 0;
  /** What calls reserved or took; kept by the counter. */
  used = 0;
  step = 0;
  /** What calls that wait for it need together. */
  needed = 0;
  usedElsewhere = 0;
  freeElsewhere = 0;
  /** As the authority said last; undefined: it never did. */
  unallotted: number | undefined;
  /** When it said something last, by the monotonic clock. */
  toldAt = Number.NEGATIVE_INFINITY;
  isUnknown = false;
  isRecalled = false;
  isTouched = false;
  /** When something was taken or granted last, by the monotonic clock. */
  activeAt = Number.NEGATIVE_INFINITY;
  /** How far the equal share has come that holds while the store is lost: 0 not at all, 1 lowered, 2 raised. */
  shareStage = 0;
  /** What runs, of a period. */
  running = 0;
  #added = 0;
  #addedBefore = 0;
  #second = 0;
  #paceNow = 0;
  #paceBefore = 0;
  #recent: Float64Array | undefined;
  #recentAt = 0;
  #base: number | undefined;
  #isStored = false;
  readonly #ports: SlotPorts;

  constructor(limit: Limit, start: number, ports: SlotPorts) {
    this.limit = limit;
    this.start = start;
    this.kind = limit.resource === 'concurrent' ? 'places' : limit.period === 'minute' ? 'window' : 'period';
    this.key = this.kind === 'period' ? `${limit.id}@${start}` : limit.id;
    this.#ports = ports;
  }

  /** How much may be taken now. */
  get free(): number {
    const ports = this.#ports;
    const free = Math.min(this.allotted, this.limit.maximum) - this.used;
    if (!ports.isBounded || this.kind === 'places') return ports.mayAdmit ? free : Math.min(0, free);
    if (!ports.mayAdmit) return Math.min(0, free);
    return Math.min(free, this.step - this.#added);
  }

  get mayAdmit(): boolean {
    return this.#ports.mayAdmit;
  }

  /** What is not used of the allotment. */
  get spare(): number {
    return this.allotted - this.used;
  }

  /** Something was reserved, or was taken beyond the reservation. */
  took(monotonicMs: number, amount: number): void {
    this.activeAt = monotonicMs;
    this.#added += amount;
    const second = Math.floor(monotonicMs / 1000);
    if (second !== this.#second) {
      this.#paceBefore = second === this.#second + 1 ? this.#paceNow : 0;
      this.#paceNow = 0;
      this.#second = second;
    }
    this.#paceNow += amount;
    this.touch();
    if (this.#added * 2 > this.step) this.#ports.pressing();
  }

  touch(): void {
    if (this.isTouched) return;
    this.isTouched = true;
    this.#ports.touched(this);
  }

  /** Nothing more may be taken of it, as others may hold it now. */
  giveUp(): void {
    this.allotted = Math.min(this.allotted, this.used);
  }

  /** A call of a period ended and took this. */
  ended(monotonicMs: number, taken: number): void {
    this.#recent ??= new Float64Array(recentSeconds);
    this.#forget(monotonicMs);
    const cell = this.#recentAt % recentSeconds;
    this.#recent[cell] = (this.#recent[cell] as number) + taken;
  }

  /** What was taken within the last second or two. */
  pace(monotonicMs: number): number {
    const age = Math.floor(monotonicMs / 1000) - this.#second;
    if (age > 1) return 0;
    return age === 1 ? this.#paceNow : Math.max(this.#paceNow, this.#paceBefore);
  }

  /** What is to be said now. From here on it counts as said, until `failed`. */
  report(monotonicMs: number, idleMs: number): SlotReport {
    const pace = this.pace(monotonicMs);
    if (this.#base !== undefined && this.#isStored) this.#beginAnew(monotonicMs);
    const isIdle = this.needed === 0 && monotonicMs - this.activeAt > idleMs;
    if (this.spare > 0 && this.needed === 0) {
      if (isIdle) this.allotted = this.used;
      else if (this.isRecalled || (this.unallotted ?? 0) < 0) {
        this.allotted = this.used + (pace === 0 ? 0 : Math.floor(this.spare / 2));
      }
    }
    this.isRecalled = false;
    this.isTouched = false;
    this.#addedBefore = this.#added;
    const { key, kind, limit, allotted, used, step, needed, spare } = this;
    const lacking = Math.max(0, needed - spare);
    const wanted = lacking > 0 ? Math.max(lacking, pace) : !isIdle && spare < pace / 2 ? pace : 0;
    return { key, kind, maximum: limit.maximum, allotted, used, step, wanted, needed, base: this.#base };
  }

  acknowledged(monotonicMs: number, reply: SlotReply): void {
    this.isUnknown = reply.isUnknown;
    if (reply.isUnknown) {
      this.touch();
      return;
    }
    this.toldAt = monotonicMs;
    this.#added -= this.#addedBefore;
    if (reply.allotted > this.allotted) this.activeAt = monotonicMs;
    this.allotted = reply.allotted;
    this.step = reply.step;
    this.unallotted = reply.unallotted;
    this.usedElsewhere = reply.usedElsewhere;
    this.freeElsewhere = reply.freeElsewhere;
    this.#base = undefined;
    this.shareStage = 0;
  }

  /**
   * What was used of this period by all, to be told to an authority that does not know it.
   * @param isStored whether what this process used is in it, but for the last seconds
   */
  begin(base: number, isStored: boolean): void {
    if (!this.isUnknown && this.unallotted !== undefined) return;
    this.unallotted ??= this.limit.maximum - base;
    if (!this.isUnknown) return;
    this.#base = base;
    this.#isStored = isStored;
    this.touch();
  }

  /** Nobody knows whether it was heard. */
  failed(): void {
    this.#base = undefined; // when it is asked for again, it will be another
    this.touch();
  }

  /**
   * The authority knows nothing of this period any more, and begins from what is stored. So what is stored is not
   * counted here any more: only what runs, and what ended so lately that it may not be stored yet.
   */
  #beginAnew(monotonicMs: number): void {
    this.#forget(monotonicMs);
    let recent = this.running;
    for (const amount of this.#recent ?? []) recent += amount;
    const used = Math.min(this.used, recent);
    this.allotted -= this.used - used;
    this.used = used;
  }

  #forget(monotonicMs: number): void {
    const second = Math.floor(monotonicMs / 1000);
    const passed = Math.min(recentSeconds, second - this.#recentAt);
    for (let i = 1; i <= passed; i++) if (this.#recent) this.#recent[(this.#recentAt + i) % recentSeconds] = 0;
    this.#recentAt = second;
  }
}
