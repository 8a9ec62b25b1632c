/** One kind of load: what is sent, how fast, and for how long. */
export interface Load {
  /** What it is, in a few words, for the reader of a table. */
  readonly meaning: string;
  readonly connections: number;
  /** The name of a request body, as `bodies.ts` writes them. */
  readonly body: string;
  readonly seconds: number;
  /** Seconds of the same load that are not measured. */
  readonly warmUp: number;
  /** Requests a second, each timed from when it was due; without it, each connection asks again at once. */
  readonly rate?: number;
  /** Whether to measure each event of the streams. */
  readonly events?: boolean;
  /** Milliseconds over which the connections begin, so that paced streams do not tick together. */
  readonly spreadMs?: number;
}

const usual = { seconds: 5, warmUp: 1 };
const paced = { body: 'sse-paced', seconds: 7, warmUp: 2.5, events: true, spreadMs: 2000 };

export const loads: Readonly<Record<string, Load>> = {
  json1k: { ...usual, meaning: '1 KB requests, 64 connections, as fast as it goes', connections: 64, body: '1k' },
  json10k: { ...usual, meaning: '10 KB requests, 64 connections, as fast as it goes', connections: 64, body: '10k' },
  json50k: { ...usual, meaning: '50 KB requests, 32 connections, as fast as it goes', connections: 32, body: '50k' },
  c1: { meaning: 'one connection, one request after another', connections: 1, body: '1k', seconds: 4, warmUp: 0.5 },
  r1000: {
    meaning: '1,000 requests a second',
    connections: 64,
    body: '1k',
    seconds: 5,
    warmUp: 0.5,
    rate: 1000,
  },
  delay1000: {
    meaning: '1,000 requests in flight, each answered after 50 ms',
    connections: 1000,
    body: 'delay',
    seconds: 5,
    warmUp: 2,
  },
  ssefast: { ...usual, meaning: 'streams of 200 events, one write each', connections: 16, body: 'sse-fast' },
  sseburst: { ...usual, meaning: 'streams of 200 events in one write', connections: 16, body: 'sse-burst' },
  paced200: { ...paced, meaning: '200 streams at once, an event each 10 ms', connections: 200 },
  paced600: { ...paced, meaning: '600 streams at once, an event each 10 ms', connections: 600 },
};

/** What is measured where `--tests` says nothing. */
export const usualLoads: readonly string[] = ['json1k', 'json10k', 'json50k', 'c1', 'r1000', 'sseburst', 'paced200'];

/** Milliseconds between two events of a paced stream. */
export const paceMs = 10;
