import type { Credential, PoolKey } from '../config/backend-config.ts';
import type { Rates } from '../limits/limiter.ts';
import type { Quota } from '../types/quota.ts';
import { KeyState } from './key-state.ts';
import { hashOf, mix } from './mix.ts';

/** Which key a call may take. */
export type KeyChoice =
  /** The places of the keys that may be used now in `BackendConfig.keys`, the best one first; never empty. */
  | { readonly usable: readonly number[] }
  /** None now; after so many milliseconds one may be. */
  | { readonly usable: undefined; readonly waitMs: number };

const theOnlyOne: KeyChoice = { usable: [0] };

/** The keys of one backend: which of them may be used for a model, and how much is left of each. */
export class KeyPool {
  readonly keys: readonly PoolKey[];
  readonly #members: readonly Member[];
  /** Where there is one key only: what is known of it. */
  readonly #only: KeyState | undefined;
  readonly #now: () => number;
  readonly #backend: string;
  readonly #random: () => number;

  /**
   * @param now a clock that never goes back, in milliseconds
   * @param backend its name, which stands in the subjects of the keys' rates
   * @param random at least 0 and less than 1
   * @param known what is known of some of the keys already, by their identities
   */
  constructor(
    keys: readonly PoolKey[],
    now: () => number = () => performance.now(),
    backend = '',
    random: () => number = Math.random,
    known?: ReadonlyMap<string, KeyState>,
  ) {
    this.keys = keys;
    this.#members = createMembers(keys, backend, known);
    this.#only = this.#members.length === 1 ? this.#members[0]?.state : undefined;
    this.#now = now;
    this.#backend = backend;
    this.#random = random;
  }

  /** A pool for a new configuration: of each key that stayed, both know the same from now on. */
  reconfigured(keys: readonly PoolKey[]): KeyPool {
    const known = new Map(this.#members.map(({ identity, state }) => [identity, state]));
    return new KeyPool(keys, this.#now, this.#backend, this.#random, known);
  }

  /**
   * The keys for a call, by affinity and weight. Keys that were refused come last, since a pool may have no other;
   * keys that cool down, or whose remaining quota does not suffice, do not come at all.
   * @param affinity stands for a conversation, which has its own order of the keys; 0: by chance
   * @param tokens what the call will take at least
   */
  choose(model: string, affinity: number, tokens: number): KeyChoice {
    const only = this.#only;
    if (only !== undefined && !only.isKnown) return theOnlyOne;
    const now = this.#now();
    if (only !== undefined) {
      const until = only.busyUntil(model, tokens, now);
      return until === 0 ? theOnlyOne : { usable: undefined, waitMs: Math.ceil(until - now) };
    }
    const usable: number[] = [];
    let soonest = Number.POSITIVE_INFINITY;
    for (let index = 0; index < this.#members.length; index++) {
      const member = this.#members[index] as Member;
      if (member.isLeftOut) continue;
      const until = member.state.busyUntil(model, tokens, now);
      if (until > 0) {
        soonest = Math.min(soonest, until);
        continue;
      }
      member.score = this.#score(member, affinity);
      member.comesLast = member.state.isRefused(now);
      this.#insert(usable, index, member);
    }
    return usable.length > 0 ? { usable } : { usable: undefined, waitMs: Math.ceil(soonest - now) };
  }

  /** A request goes out with a key: its mirrored quota shrinks until the backend says more. */
  sent(key: number, model: string, tokens: number): void {
    this.#members[key]?.state.sent(model, tokens);
  }

  /** The backend said how much is left. */
  observed(key: number, model: string, quota: Quota): void {
    this.#members[key]?.state.observed(model, quota, this.#now());
  }

  /** 429: this key and model rest. */
  limited(key: number, model: string, waitMs: number): void {
    this.#members[key]?.state.limited(model, waitMs, this.#now());
  }

  /** 401 or 403. */
  refused(key: number): void {
    this.#members[key]?.state.refused(this.#now());
  }

  /** It was taken, so that an earlier refusal is over. */
  accepted(key: number): void {
    this.#members[key]?.state.accepted();
  }

  /** The rates of the key alone, to be reserved for its `subject` before a call; undefined: it has none. */
  rates(key: number): Rates | undefined {
    return this.#members[key]?.rates;
  }

  /** What the rates of the key belong to. */
  subject(key: number): string {
    return this.#members[key]?.subject ?? '';
  }

  /** Puts a key before those that are worse. */
  #insert(usable: number[], index: number, member: Member): void {
    let place = usable.length;
    while (place > 0 && isBetter(member, this.#members[usable[place - 1] as number] as Member)) {
      usable[place] = usable[place - 1] as number;
      place--;
    }
    usable[place] = index;
  }

  /** Weighted rendezvous hashing: the highest one wins, and each wins as often as its weight says. */
  #score({ weight, hash }: Member, affinity: number): number {
    const chance = affinity === 0 ? this.#random() : mix(mix(affinity) ^ hash) / 2 ** 32;
    return -weight / Math.log(Math.max(chance, Number.MIN_VALUE));
  }
}

/** One key in its pool. */
interface Member {
  /** Of the key and its source, so that a new key in an old place starts anew. */
  readonly identity: string;
  readonly state: KeyState;
  /** Its variable is not set, and that of another key is. */
  readonly isLeftOut: boolean;
  readonly weight: number;
  /** Of its source, so that conversations stay where they are when the key is exchanged. */
  readonly hash: number;
  readonly rates: Rates | undefined;
  readonly subject: string;
  /** Of the choice that is being made. */
  score: number;
  comesLast: boolean;
}

function isBetter(one: Member, other: Member): boolean {
  return one.comesLast === other.comesLast ? one.score > other.score : other.comesLast;
}

function createMembers(keys: readonly PoolKey[], backend: string, known?: ReadonlyMap<string, KeyState>): Member[] {
  const counts = new Map<string, number>();
  const anySet = keys.some(isSet);
  return keys.map((key) => {
    const { credential, weight, requestsPerMinute, tokensPerMinute } = key;
    const written = credential.kind === 'none' ? 'none' : credential.source;
    const count = counts.get(written) ?? 0;
    counts.set(written, count + 1);
    const source = count === 0 ? written : `${written} ${count + 1}`;
    const identity = `${source} ${fingerprint(credential)}`;
    return {
      identity,
      state: known?.get(identity) ?? new KeyState(),
      isLeftOut: anySet && !isSet(key),
      weight,
      hash: hashOf(source),
      rates: requestsPerMinute === undefined && tokensPerMinute === undefined ? undefined : key,
      subject: `key ${backend} ${source}`,
      score: 0,
      comesLast: false,
    };
  });
}

function isSet({ credential }: PoolKey): boolean {
  return credential.kind !== 'key' || credential.secret !== undefined;
}

function fingerprint(credential: Credential): string {
  if (credential.kind === 'none') return '';
  const secret = credential.kind === 'key' ? credential.secret : credential.privateKey;
  return secret?.digest().toString('base64') ?? '';
}
