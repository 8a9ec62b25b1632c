import type { BreakerConfig } from '../config/backend-config.ts';
import { Breaker } from './breaker.ts';
import { LatencyRecord } from './latency-record.ts';

/** How one model of one backend fares: whether it is trusted, how many calls it has, how fast it is. */
export class CandidateHealth {
  readonly breaker: Breaker;
  /** Times to the first output of streams, and of whole answers. */
  readonly streams: LatencyRecord;
  readonly wholes: LatencyRecord;
  /** Calls that run there now. */
  inFlight = 0;
  /** What `candidateIdentity` found the backend and the model to be; undefined: nobody asked yet. */
  identity: number | undefined = undefined;

  /** @param now a clock that never goes back, in milliseconds */
  constructor(config: BreakerConfig, now: () => number = () => performance.now()) {
    this.breaker = new Breaker(config, now);
    this.streams = new LatencyRecord(now);
    this.wholes = new LatencyRecord(now);
  }

  /** The latencies of calls of this kind. */
  latency(stream: boolean): LatencyRecord {
    return stream ? this.streams : this.wholes;
  }
}
