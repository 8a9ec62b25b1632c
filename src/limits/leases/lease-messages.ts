import { windowMs } from '../sliding-window.ts';

/**
 * How processes share limits.
 *
 * An **authority** divides every limit among **members**: each has an allotment, and counts by itself what it admits
 * within that. The allotment covers what the member has used (in a window: within the last 60 seconds; in a period: since
 * it took part; of places: now) and what it may still take. So a call is admitted from the member's memory, and the
 * authority is told afterwards.
 *
 * Why the sum never exceeds a limit, for a key of a limit (a limit, or a limit in one calendar period):
 *
 * 1. The authority only ever grants `maximum - base - allotments - orphans`, in one step, so at its side
 *    `base + sum of allotments + sum of orphans <= maximum` holds before and after each message. (Calls that take more
 *    than was reserved for them, and a maximum that is lowered, may lead above it; then nothing is granted until it
 *    holds again.)
 * 2. A member uses at most the allotment that it knows. What it knows is at most what the authority has written down:
 *    the authority writes before it replies, and a member lowers its own number before it says so. A lost request or
 *    reply therefore leaves the authority with the higher number. Replies that come after a later request was sent are
 *    ignored, and requests that come after a later one was handled (`seq`) as well.
 * 3. A member that is silent for `lease` milliseconds of the authority's clock counts as gone. By then it may have used what it
 *    had reported, and `step` more: a member never takes more than `step` beyond what was acknowledged without asking.
 *    The authority keeps the highest step that the member can know of. So `min(allotment, used + step)` stays behind as
 *    an orphan, for as long as it counts (60 seconds; to the end of a period), and only the rest is given to others.
 * 4. A member measures its lease by its own monotonic clock from before it sent the last message that was acknowledged,
 *    so its lease ends no later than at the authority. The authority's clock stands still while nobody speaks to it
 *    (`longestBeat`), so that its own outage ends no leases.
 * 5. A member that was away and comes back gets its orphan back in exchange, never more than there is room for.
 * 6. An authority that lost everything grants nothing before it has heard all who may hold something of what it knew.
 *    Whom it waits for, its members remember: every reply says who the others are (also those that are gone and of
 *    which something counts still), and an authority with another `epoch` asks each for that. One is heard when it has
 *    told all that it holds and whom it remembers. Nobody waits for longer than `missing`: after a lease those who are silent
 *    may use nothing any more, and a window later what they used counts no more.
 *    Where `missing` is longer than a lease, nobody may be forgotten: a member is granted something only when all others that
 *    are there have said that they know it (a change of view, as in virtual synchrony: Birman and Joseph, 1987). One
 *    whose lease was over when it met the new authority keeps what it used, and gives up the rest, which may have been
 *    granted to others meanwhile.
 * 7. Periods begin from `base`, the stored counter, which is asked for when all are heard, and to which each member adds
 *    what may not be stored yet. What one holds that cannot say that yet is granted to nobody; when it is gone
 *    before it could, what it may have used since counts as used for good.
 *
 * What it does not promise: with `when_store_lost: share`, members that lost the authority go on with all that they
 * hold, and after a while with an equal share. Where the authority was lost to all, this keeps the limit; where only
 * some members cannot reach it, each of these may go above by at most what it holds, or its share. And an authority that lost
 * everything and hears for `grace` none that knows all others (new members alone, or such as were cut off for longer than a
 * lease while new ones came) takes that for a first start, or waits for too few.
 */
export interface LeaseAuthority {
  /** @throws where the authority cannot be reached in time; whether it has got the message is then not known */
  sync(request: SyncRequest): Promise<SyncReply>;
  close(): Promise<void>;
}

/** What a member says. It may be sent again, and may get lost. */
export interface SyncRequest {
  /** Unique over all members that ever were. */
  readonly member: string;
  /** Grows with each message of the member. */
  readonly seq: number;
  /** It ends: all that it holds beyond what it used is free. */
  readonly isLeaving: boolean;
  /** Of the authority that answered last; empty: none ever did, and nothing is held. */
  readonly epoch: string;
  /** The last view of that epoch whose members it knows. */
  readonly view: number;
  /** The others that it knows of, where the authority asks, once all that is held was told to it. */
  readonly remembered: readonly string[] | undefined;
  /** At most {@link mostReports}. */
  readonly reports: readonly SlotReport[];
}

/** How a key counts: any 60 seconds, up to the end of a period, or while calls run. */
export type SlotKind = 'window' | 'period' | 'places';

export interface SlotReport {
  /** The limit, of a period with the period's start. */
  readonly key: string;
  readonly kind: SlotKind;
  readonly maximum: number;
  /** What the member holds as a whole; lower than what it was told where it gives back. */
  readonly allotted: number;
  /** Of that. */
  readonly used: number;
  /** The step that it knows. */
  readonly step: number;
  /** By how much it wants its allotment to grow. */
  readonly wanted: number;
  /** What calls wait for: the step is to be no smaller. */
  readonly needed: number;
  /** What is stored as used in this period, where the authority has asked; undefined otherwise. */
  readonly base: number | undefined;
}

export interface SyncReply {
  /** A later message of the member was handled already; nothing was done. */
  readonly isStale: boolean;
  /** Milliseconds since 1970 of the authority's clock, which decides what day it is. */
  readonly wallMs: number;
  /** Members that are there, this one included. */
  readonly members: number;
  /** So long at most this member will be granted nothing: others may hold something unheard, or do not know it yet. */
  readonly graceMs: number;
  /** One for as long as the authority remembers anything. */
  readonly epoch: string;
  /** It grows with every change of who counts. */
  readonly view: number;
  /** It lacks what this member holds and remembers. */
  readonly isAsking: boolean;
  /** The members of this view but this one, where it does not know the view yet. */
  readonly others: readonly string[] | undefined;
  /** Keys of which others lack what this member may have to spare. */
  readonly recalled: readonly string[];
  /** In the order of the reports; none where these were of another epoch, and are to be said again. */
  readonly slots: readonly SlotReply[];
}

export interface SlotReply {
  /** The authority knows nothing of this period or of the member in it: it has to be told the base. Nothing is granted. */
  readonly isUnknown: boolean;
  readonly allotted: number;
  readonly step: number;
  /** What nobody holds; below 0 where the limit was lowered. */
  readonly unallotted: number;
  /** What others used, and what they hold beyond that, as they said last. */
  readonly usedElsewhere: number;
  readonly freeElsewhere: number;
}

/** The spans of the protocol, in milliseconds. Others than {@link leaseSpans} are for tests alone. */
export interface LeaseSpans {
  /** After so much silence a member counts as gone. */
  readonly lease: number;
  /** The authority's clock goes on by at most this between two messages. Members speak at least twice as often. */
  readonly longestBeat: number;
  /** So long at least an authority grants nothing when it knows nothing; 0 where its members end with it. */
  readonly grace: number;
  /** So long at most an authority that lost what it knew waits for those whom somebody remembers. */
  readonly missing: number;
  /** What a member that is gone may have used counts for so long. */
  readonly window: number;
  /** A member that may have something to spare and was silent on a key for so long is asked, whatever it said last. */
  readonly staleReport: number;
}

export const leaseSpans: LeaseSpans = {
  lease: 10_000,
  longestBeat: 2000,
  grace: 3000,
  missing: 10_000,
  window: windowMs,
  staleReport: 500,
};

/** Of {@link LeaseSpans.missing}, where limits are to hold against those that were never heard, too. */
export const strictMissingMs = leaseSpans.lease + leaseSpans.window;

export const mostReports = 256;
