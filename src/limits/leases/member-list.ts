import type { LeaseSpans, SyncReply, SyncRequest } from './lease-messages.ts';

interface Known {
  /** When it spoke last; 0, the beginning, of those whom others remember and who have not spoken yet. */
  seen: number;
  seq: number;
  /** The view that it came with. */
  joined: number;
  /** The view that it knows. */
  view: number;
  /** Whether it has told all that it holds and remembers, or is new and has nothing to tell. */
  isHeard: boolean;
  /** Whether it has said nothing yet but that it knows of no authority, which may have been on its way for long. */
  isNew: boolean;
  /** Whether something of it may count still. */
  isListed: boolean;
}

/** For how long the numbers of the messages of a member are remembered that is gone. */
const rememberedMs = 3_600_000;

/**
 * The members of an authority, as it knows them, and whether it may grant something. All times are of its own clock,
 * which began with the first message.
 */
export class MemberList {
  readonly #spans: LeaseSpans;
  readonly #members = new Map<string, Known>();
  #epoch = '';
  #view = 0;

  constructor(spans: LeaseSpans) {
    this.#spans = spans;
  }

  /**
   * What a message says was so in the epoch that it names: in another it says no more than that the member is there.
   * @returns whether its reports count; undefined: a later message of the member was handled already, nothing was done
   */
  hear({ member, seq, isLeaving, epoch, view, remembered }: SyncRequest, now: number): boolean | undefined {
    if (this.#epoch === '') this.#epoch = `${member}:${seq}`;
    this.#forget(now);
    const before = this.#members.get(member);
    if (before !== undefined && before.seq >= seq) return undefined;
    const isSame = epoch === this.#epoch;
    const isNew = epoch === '';
    const known = before?.isListed ? before : this.#join(member, before?.isHeard ?? true);
    if (!isSame && !isNew && this.#spans.grace > 0) known.isHeard = false;
    if (!isNew) known.isNew = false;
    known.seen = isLeaving ? now - this.#spans.lease - 1 : now;
    known.seq = seq;
    if (isSame) known.view = Math.max(known.view, view);
    if (isSame && remembered !== undefined && !known.isHeard) this.#remember(known, remembered);
    return isSame || isNew || this.#spans.grace === 0;
  }

  #remember(known: Known, others: readonly string[]): void {
    known.isHeard = true;
    for (const name of others) {
      const other = this.#members.get(name);
      if (other === undefined) this.#join(name, false);
      else if (other.isNew) other.isHeard = false; // it was there before, and may hold something
    }
  }

  /** The member's process has ended: its lease ends now. */
  gone(member: string, now: number): void {
    const known = this.#members.get(member);
    if (known !== undefined) known.seen = Math.min(known.seen, now - this.#spans.lease - 1);
  }

  /** When it spoke last; undefined: it never did, or long ago. */
  seen(member: string): number | undefined {
    return this.#members.get(member)?.seen;
  }

  /** How many are there. */
  living(now: number): number {
    let living = 0;
    for (const known of this.#members.values()) if (this.#isLiving(known, now)) living++;
    return living;
  }

  /** Whether nothing is granted to anybody, since some may hold what is not known. For so many milliseconds at most. */
  waitMs(now: number): number {
    const { grace, missing } = this.#spans;
    if (grace === 0) return 0;
    let until = grace;
    for (const { isListed, isHeard } of this.#members.values()) if (isListed && !isHeard) until = missing;
    return Math.max(0, until - now);
  }

  /**
   * What is said to a member of all this.
   * @param waitMs what is waited now, as said above
   */
  words(
    member: string,
    now: number,
    waitMs: number,
  ): Pick<SyncReply, 'graceMs' | 'epoch' | 'view' | 'isAsking' | 'others'> {
    const known = this.#members.get(member) as Known;
    const graceMs = waitMs || (this.#isKnownToAll(member, known, now) ? 0 : this.#spans.lease);
    const isTold = this.#spans.grace > 0 && known.isHeard && known.view !== this.#view;
    const others = isTold ? this.#others(member) : undefined;
    return { graceMs, epoch: this.#epoch, view: this.#view, isAsking: !known.isHeard, others };
  }

  #others(member: string): string[] {
    const others: string[] = [];
    for (const [name, { isListed }] of this.#members) if (isListed && name !== member) others.push(name);
    return others;
  }

  #isKnownToAll(member: string, { joined }: Known, now: number): boolean {
    const { grace, lease, missing } = this.#spans;
    if (grace === 0 || missing <= lease) return true;
    for (const [name, other] of this.#members) {
      if (name !== member && this.#isLiving(other, now) && other.view < joined) return false;
    }
    return true;
  }

  #isLiving({ seq, seen }: Known, now: number): boolean {
    return seq > 0 && now - seen <= this.#spans.lease;
  }

  #join(member: string, isHeard: boolean): Known {
    const known = { seen: 0, seq: 0, joined: ++this.#view, view: 0, isHeard, isNew: true, isListed: true };
    this.#members.set(member, known);
    return known;
  }

  #forget(now: number): void {
    for (const [name, known] of this.#members) {
      const silence = now - known.seen;
      if (known.isListed && silence > this.#spans.lease + this.#spans.window) {
        known.isListed = false;
        this.#view++;
      }
      if (silence > rememberedMs) this.#members.delete(name);
    }
  }
}
