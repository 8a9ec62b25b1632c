import type { LeaseSpans, SlotKind, SlotReport } from './lease-messages.ts';

interface Entry {
  allotted: number;
  used: number;
  step: number;
  /** When it was reported, by the authority's clock. */
  at: number;
}

/** What a member that is gone may have used. */
interface Orphan {
  readonly amount: number;
  readonly until: number;
}

/** What a member holds that could not say yet what of it is stored, and when it said so. */
interface Pending {
  readonly allotted: number;
  /** What it may use of that without saying so. */
  readonly step: number;
  readonly at: number;
}

/** How a key is divided, for tests and for those who look. */
export interface Division {
  readonly maximum: number;
  readonly base: number;
  readonly allotted: number;
  readonly orphaned: number;
}

/** How one key is divided among members. */
export class LimitDivision {
  readonly kind: SlotKind;
  maximum: number;
  /** What was used of a period before its members took part in it; undefined: nobody has said so yet. */
  base: number | undefined;
  readonly entries = new Map<string, Entry>();
  readonly orphans = new Map<string, Orphan>();
  readonly pending = new Map<string, Pending>();
  touchedAt: number;

  constructor(kind: SlotKind, maximum: number, now: number) {
    this.kind = kind;
    this.maximum = maximum;
    this.touchedAt = now;
  }

  get sums(): Division {
    const allotted = [...this.entries.values()].reduce((sum, entry) => sum + entry.allotted, 0);
    const orphaned = [...this.orphans.values()].reduce((sum, { amount }) => sum + amount, 0);
    return { maximum: this.maximum, base: this.base ?? 0, allotted, orphaned };
  }

  /** What nobody may be granted, as somebody holds it who has no entry yet. */
  get pendingSum(): number {
    let sum = 0;
    for (const { allotted } of this.pending.values()) sum += allotted;
    return sum;
  }

  /**
   * Whether it is known what was used of a period, and what of that by this member.
   * @param isWaiting whether some are not heard yet, who may store something after it was read
   */
  begins(member: string, { allotted, used, step, base }: SlotReport, isWaiting: boolean, now: number): boolean {
    const isNew = allotted === 0 && used === 0;
    const isKnown = this.base !== undefined && (isNew || this.entries.has(member) || this.orphans.has(member));
    if (!isKnown && (base === undefined || (this.base === undefined && isWaiting))) {
      this.pending.set(member, { allotted, step: Math.min(step, allotted - used), at: now });
      return false;
    }
    this.base ??= base;
    this.pending.delete(member);
    return true;
  }

  /** What members that are gone held is free, but for what they may have used. */
  endLeases(self: string, now: number, { lease, window }: LeaseSpans, seenAt: (member: string) => number | undefined) {
    for (const [name, { allotted, used, step }] of this.entries) {
      const seen = seenAt(name) ?? now - lease - 1;
      if (name === self || now - seen <= lease) continue;
      this.entries.delete(name);
      const amount = Math.max(used, Math.min(allotted, used + step));
      const until = this.kind === 'period' ? Number.POSITIVE_INFINITY : seen + lease + window;
      // The calls of a member that is gone are gone too, and their places free.
      if (this.kind !== 'places' && amount > 0) this.orphans.set(name, { amount, until });
    }
    for (const [name, { until }] of this.orphans) if (until <= now) this.orphans.delete(name);
    for (const [name, { step, at }] of this.pending) {
      if (name === self || now - at <= lease) continue;
      this.pending.delete(name);
      if (this.base !== undefined) this.base += step; // it may have been used after the base was read
    }
  }
}
