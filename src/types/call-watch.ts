import type { UsageRecord } from './usage-record.ts';

/** Headers as a list of names and values. */
export type WatchedHeaders = readonly (readonly [string, string])[];

/** Response headers by lower-case name; a header that came several times is a list. */
export type WireHeaders = Readonly<Record<string, string | string[] | undefined>>;

/**
 * Told of everything that happens to one call, as it happens. It never throws and never holds anything up; what it is
 * given it does not change. Where nobody watches there is none.
 */
export interface CallWatch {
  /**
   * A backend is about to be asked; the client's body was read as a JSON object by then.
   * @param headers of the client's headers those that go on: name, value, name, value ...
   */
  attempt(target: AttemptTarget, headers: readonly string[]): AttemptWatch;
  /** The client's answer begins. */
  begun(status: number, headers: WatchedHeaders): void;
  /** The client gets these bytes; a text is UTF-8. */
  wrote(bytes: Buffer | string): void;
  /** The call is over. Returns what its log line is to hold beyond the record. */
  ended(record: UsageRecord): object | undefined;
}

/** Whom a try asks. */
export interface AttemptTarget {
  /** The backend's name, its type and its URL as configured. */
  readonly backend: string;
  readonly type: string;
  readonly baseUrl: string;
  /** The model's name there. */
  readonly model: string;
}

/** Told of one try. */
export interface AttemptWatch {
  /** What goes on of the client's headers, with what watching adds to them. */
  readonly headers: readonly string[];
  /** A request goes out; a try may take two of them, where a token had to be renewed. */
  sent(request: WireRequest): WireWatch;
  /** The answer came whole, and was read as a JSON object. */
  readWhole(): void;
  /** The try gave no answer, for this reason. */
  failed(code: string): void;
}

/** A request as it goes on the wire. */
export interface WireRequest {
  /** Absolute, with the query. */
  readonly url: string;
  /** Name, value, name, value ... */
  readonly headers: readonly string[];
  readonly body: Buffer;
  /** Of the headers, in lower case, those whose values nobody may see. */
  readonly hidden: ReadonlySet<string>;
  /** The name and the value of the header that holds the key; empty: there is none. */
  readonly credential: readonly string[];
}

/** Told what comes back for one request. */
export interface WireWatch {
  head(status: number, headers: WireHeaders): void;
  data(chunk: Buffer): void;
  /** Nothing more comes. With a reason: the connection failed. */
  closed(failure?: string): void;
}
