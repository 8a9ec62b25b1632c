import {
  type LeaseAuthority,
  type LeaseSpans,
  leaseSpans,
  type SlotKind,
  type SlotReply,
  type SlotReport,
  type SyncReply,
  type SyncRequest,
} from './lease-messages.ts';

interface Entry {
  allotted: number;
  used: number;
  step: number;
  /** When it was reported, by the authority's clock. */
  at: number;
}

interface Orphan {
  readonly amount: number;
  readonly until: number;
}

interface Key {
  kind: SlotKind;
  maximum: number;
  base: number | undefined;
  readonly entries: Map<string, Entry>;
  readonly orphans: Map<string, Orphan>;
  /** What members hold that could not say yet what of it is stored, and when they said so. */
  readonly pending: Map<string, { readonly allotted: number; readonly at: number }>;
  touchedAt: number;
}

/** How a key is divided, for tests and for those who look. */
export interface Division {
  readonly maximum: number;
  readonly base: number;
  readonly allotted: number;
  readonly orphaned: number;
}

const sweepEveryMs = 60_000;

/**
 * Divides limits among the members of this process' children, and is the reference for `redis-script.ts`, which does
 * the same step by step.
 */
export class MemoryAuthority implements LeaseAuthority {
  readonly #keys = new Map<string, Key>();
  readonly #members = new Map<string, { seen: number; seq: number }>();
  readonly #recalled = new Map<string, Set<string>>();
  readonly #monotonic: () => number;
  readonly #wall: () => number;
  readonly #spans: LeaseSpans;
  #readAt: number | undefined;
  #now = 0;
  /** As many members as any of them remembers. */
  #remembered = 0;
  #sweptAt = 0;

  constructor(
    spans: Partial<LeaseSpans> = {},
    monotonic: () => number = () => performance.now(),
    wall: () => number = Date.now,
  ) {
    this.#spans = { ...leaseSpans, grace: 0, ...spans };
    this.#monotonic = monotonic;
    this.#wall = wall;
  }

  async sync(request: SyncRequest): Promise<SyncReply> {
    return this.handle(request);
  }

  handle({ member, seq, isLeaving, members: remembered, reports }: SyncRequest): SyncReply {
    const now = this.#advance();
    this.#remembered = Math.max(this.#remembered, remembered);
    const known = this.#members.get(member);
    const isStale = known !== undefined && known.seq >= seq;
    if (!isStale) this.#members.set(member, { seen: now, seq });
    const members = [...this.#members.values()].filter(({ seen }) => now - seen <= this.#spans.lease).length;
    const graceMs = this.#grace(now, members);
    const slots = isStale
      ? []
      : reports.map((report) => this.#slot(member, report, { now, members, graceMs, isLeaving }));
    const recalled = isStale ? [] : [...(this.#recalled.get(member) ?? [])];
    if (!isStale) this.#recalled.delete(member);
    if (isLeaving && !isStale) this.#members.set(member, { seen: now - this.#spans.lease - 1, seq });
    return { isStale, wallMs: this.#wall(), members, graceMs, recalled, slots };
  }

  #grace(now: number, members: number): number {
    const { grace, lease } = this.#spans;
    if (grace === 0) return 0;
    return Math.max(0, (members < this.#remembered ? lease : grace) - now);
  }

  /** The member's process has ended: its lease ends now. */
  gone(member: string): void {
    const known = this.#members.get(member);
    if (known !== undefined) known.seen = Math.min(known.seen, this.#advance() - this.#spans.lease - 1);
  }

  /** Undefined: nothing is known of it. */
  division(key: string): Division | undefined {
    const found = this.#keys.get(key);
    if (found === undefined) return undefined;
    const allotted = [...found.entries.values()].reduce((sum, entry) => sum + entry.allotted, 0);
    const orphaned = [...found.orphans.values()].reduce((sum, { amount }) => sum + amount, 0);
    return { maximum: found.maximum, base: found.base ?? 0, allotted, orphaned };
  }

  async close(): Promise<void> {}

  /** One step on one key. */
  #slot(
    member: string,
    report: SlotReport,
    { now, members, graceMs, isLeaving }: { now: number; members: number; graceMs: number; isLeaving: boolean },
  ): SlotReply {
    const key = this.#key(report, now);
    this.#endLeases(key, member, now);
    if (report.kind === 'period') {
      const isNew = report.allotted === 0 && report.used === 0;
      const isKnown = key.base !== undefined && (isNew || key.entries.has(member) || key.orphans.has(member));
      if (!isKnown && report.base === undefined) {
        key.pending.set(member, { allotted: report.allotted, at: now });
        return unknownSlot;
      }
      key.base ??= report.base;
      key.pending.delete(member);
    }
    key.orphans.delete(member);
    let others = key.base ?? 0;
    let usedElsewhere = others;
    let freeElsewhere = 0;
    for (const { amount } of key.orphans.values()) others += amount;
    usedElsewhere = others;
    for (const [name, { allotted, used }] of key.entries) {
      if (name === member) continue;
      others += allotted;
      usedElsewhere += used;
      freeElsewhere += allotted - used;
    }
    const room = report.maximum - others;
    let allotted = Math.max(report.used, Math.min(report.allotted, room));
    if (isLeaving) allotted = report.used;
    let unallotted = room - allotted;
    const grantable = unallotted - this.#pending(key, now);
    if (report.wanted > 0 && grantable > 0 && graceMs === 0 && !isLeaving) {
      const granted = Math.min(grantable, Math.max(report.wanted, Math.floor(grantable / (2 * members))));
      allotted += granted;
      unallotted -= granted;
      if (granted < report.wanted) this.#recall(key, report.key, member, now);
    } else if (report.wanted > 0 || unallotted < 0) this.#recall(key, report.key, member, now);
    const free = allotted - report.used;
    const step = Math.max(Math.ceil(free / 4), Math.min(report.needed, free));
    if (isLeaving && report.kind === 'period') {
      key.entries.delete(member); // it never comes back for it
      key.base = (key.base ?? 0) + report.used;
    } else key.entries.set(member, { allotted, used: report.used, step: Math.max(step, report.step), at: now });
    return { isUnknown: false, allotted, step, unallotted, usedElsewhere, freeElsewhere };
  }

  #pending({ pending }: Key, now: number): number {
    let sum = 0;
    for (const { allotted, at } of pending.values()) if (now - at <= this.#spans.lease) sum += allotted;
    return sum;
  }

  #recall({ entries }: Key, name: string, member: string, now: number): void {
    for (const [other, { allotted, used, at }] of entries) {
      if (other === member || allotted === 0 || (allotted <= used && now - at <= this.#spans.staleReport)) continue;
      const recalled = this.#recalled.get(other) ?? new Set();
      this.#recalled.set(other, recalled.add(name));
    }
  }

  /** What members that are gone held is free, but for what they may have used. */
  #endLeases({ kind, entries, orphans }: Key, self: string, now: number): void {
    for (const [name, { allotted, used, step }] of entries) {
      const seen = this.#members.get(name)?.seen ?? now - this.#spans.lease - 1;
      if (name === self || now - seen <= this.#spans.lease) continue;
      entries.delete(name);
      const amount = Math.max(used, Math.min(allotted, used + step));
      const until = kind === 'period' ? Number.POSITIVE_INFINITY : seen + this.#spans.lease + this.#spans.window;
      // The calls of a member that is gone are gone too, and their places free.
      if (kind !== 'places' && amount > 0) orphans.set(name, { amount, until });
    }
    for (const [name, { until }] of orphans) if (until <= now) orphans.delete(name);
  }

  #key({ key, kind, maximum }: SlotReport, now: number): Key {
    if (now - this.#sweptAt > sweepEveryMs) this.#sweep(now);
    let found = this.#keys.get(key);
    if (found === undefined) {
      found = {
        kind,
        maximum,
        base: undefined,
        entries: new Map(),
        orphans: new Map(),
        pending: new Map(),
        touchedAt: now,
      };
      this.#keys.set(key, found);
    }
    found.maximum = maximum;
    found.touchedAt = now;
    return found;
  }

  /** Forgets what counts for nothing any more, and members that are long gone. */
  #sweep(now: number): void {
    this.#sweptAt = now;
    for (const [name, key] of this.#keys) {
      if (now - key.touchedAt > keptMs(key.kind)) this.#keys.delete(name);
    }
    for (const [name, { seen }] of this.#members) {
      if (now - seen > 60 * sweepEveryMs) this.#members.delete(name);
    }
  }

  /** Its own clock: no time passes while nobody speaks to it. */
  #advance(): number {
    const read = this.#monotonic();
    this.#now += Math.min(this.#spans.longestBeat, Math.max(0, read - (this.#readAt ?? read)));
    this.#readAt = read;
    return this.#now;
  }
}

/** For how long a key is kept of which nobody says anything. Members let go of what they do not use much earlier. */
export function keptMs(kind: SlotKind): number {
  return kind === 'period' ? 40 * 86_400_000 : 600_000;
}

const unknownSlot: SlotReply = {
  isUnknown: true,
  allotted: 0,
  step: 0,
  unallotted: 0,
  usedElsewhere: 0,
  freeElsewhere: 0,
};
