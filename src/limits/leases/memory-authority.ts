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
import { type Division, LimitDivision } from './limit-division.ts';
import { MemberList } from './member-list.ts';

/** Who speaks, and when. */
interface Turn {
  readonly member: string;
  readonly now: number;
  readonly members: number;
  readonly graceMs: number;
  /** Whether nothing is granted to anybody yet. */
  readonly isWaiting: boolean;
  readonly isLeaving: boolean;
}

const sweepEveryMs = 60_000;

/**
 * Divides limits among the members of this process' children, and is the reference for `redis-script.ts`, which does
 * the same step by step.
 */
export class MemoryAuthority implements LeaseAuthority {
  readonly #keys = new Map<string, LimitDivision>();
  readonly #members: MemberList;
  readonly #recalled = new Map<string, Set<string>>();
  readonly #monotonic: () => number;
  readonly #wall: () => number;
  readonly #spans: LeaseSpans;
  #readAt: number | undefined;
  #now = 0;
  #sweptAt = 0;

  constructor(
    spans: Partial<LeaseSpans> = {},
    monotonic: () => number = () => performance.now(),
    wall: () => number = Date.now,
  ) {
    this.#spans = { ...leaseSpans, grace: 0, ...spans };
    this.#members = new MemberList(this.#spans);
    this.#monotonic = monotonic;
    this.#wall = wall;
  }

  async sync(request: SyncRequest): Promise<SyncReply> {
    return this.handle(request);
  }

  handle(request: SyncRequest): SyncReply {
    const { member, isLeaving, reports } = request;
    const now = this.#advance();
    const isCurrent = this.#members.hear(request, now);
    if (isCurrent === undefined) return staleReply;
    const members = this.#members.living(now);
    const waitMs = this.#members.waitMs(now);
    const words = this.#members.words(member, now, waitMs);
    const turn = { member, now, members, graceMs: words.graceMs, isWaiting: waitMs > 0, isLeaving };
    const slots = isCurrent ? reports.map((report) => this.#slot(report, turn)) : [];
    const recalled = [...(this.#recalled.get(member) ?? [])];
    this.#recalled.delete(member);
    return { isStale: false, wallMs: this.#wall(), members, ...words, recalled, slots };
  }

  /** The member's process has ended: its lease ends now. */
  gone(member: string): void {
    this.#members.gone(member, this.#advance());
  }

  /** Undefined: nothing is known of it. */
  division(key: string): Division | undefined {
    return this.#keys.get(key)?.sums;
  }

  async close(): Promise<void> {}

  /** One step on one key. */
  #slot(report: SlotReport, turn: Turn): SlotReply {
    const { member, now, members, graceMs, isLeaving } = turn;
    const key = this.#key(report, now);
    key.endLeases(member, now, this.#spans, (name) => this.#members.seen(name));
    if (report.kind === 'period' && !key.begins(member, report, turn.isWaiting, now)) return unknownSlot;
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
    const grantable = unallotted - key.pendingSum;
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

  #recall({ entries }: LimitDivision, name: string, member: string, now: number): void {
    for (const [other, { allotted, used, at }] of entries) {
      if (other === member || allotted === 0 || (allotted <= used && now - at <= this.#spans.staleReport)) continue;
      const recalled = this.#recalled.get(other) ?? new Set();
      this.#recalled.set(other, recalled.add(name));
    }
  }

  #key({ key, kind, maximum }: SlotReport, now: number): LimitDivision {
    if (now - this.#sweptAt > sweepEveryMs) this.#sweep(now);
    let found = this.#keys.get(key);
    if (found === undefined) {
      found = new LimitDivision(kind, maximum, now);
      this.#keys.set(key, found);
    }
    found.maximum = maximum;
    found.touchedAt = now;
    return found;
  }

  /** Forgets what counts for nothing any more. */
  #sweep(now: number): void {
    this.#sweptAt = now;
    for (const [name, key] of this.#keys) {
      if (now - key.touchedAt > keptMs(key.kind)) this.#keys.delete(name);
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

/** Nothing was done. */
const staleReply: SyncReply = {
  isStale: true,
  wallMs: 0,
  members: 0,
  graceMs: 0,
  epoch: '',
  view: 0,
  isAsking: false,
  others: undefined,
  recalled: [],
  slots: [],
};

const unknownSlot: SlotReply = {
  isUnknown: true,
  allotted: 0,
  step: 0,
  unallotted: 0,
  usedElsewhere: 0,
  freeElsewhere: 0,
};
