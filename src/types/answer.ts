import type { GatewayError } from '../gateway-error.ts';
import type { Usage } from './usage.ts';

/** What a client gets back. */
export interface Answer {
  readonly status: number;
  /** The backend's headers that go on. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer | ByteSource;
  /** The backend's name and the model's name there. */
  readonly backend: string;
  readonly model: string;
  /** Requests that were sent for it. */
  readonly attempts: number;
  /** Milliseconds of `performance.now()` at the backend's first body byte. */
  readonly firstByteAt: number;
  /** Fulfilled when the last byte was there, or nothing more can come; never rejected. */
  readonly finished: Promise<Finish>;
  /** The same, when what is done behind the answer is over too and in its usage; left out: nothing is done. */
  readonly settled?: Promise<Finish>;
}

/** How an answer ended. */
export interface Finish {
  readonly outcome: 'complete' | 'broken' | 'cancelled';
  readonly usage: Usage | undefined;
  /** Why it is broken. */
  readonly error: GatewayError | undefined;
  /** The text that was generated, for counting where the backend reported no usage; undefined if that is not needed. */
  readonly text: (() => string) | undefined;
  /** Milliseconds of `performance.now()` when its last byte was there; left out: just now. */
  readonly endedAt?: number;
}

/** Bytes that come by and by. It is to be started exactly once. */
export interface ByteSource {
  start(sink: ByteSink): void;
  /** Goes on after `write` said false. */
  resume(): void;
  /** The reader has gone. */
  cancel(): void;
}

export interface ByteSink {
  /** False: no more until `resume`. */
  write(chunk: Buffer): boolean;
  /** With an error: the bytes break off here, and the reader is to be told so in its protocol. */
  end(error?: GatewayError): void;
}
