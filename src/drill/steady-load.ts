import { setTimeout as sleep } from 'node:timers/promises';
import type { Asked } from './ask.ts';

export interface SteadyLoadOptions {
  /** Requests per second, whether those before them are answered or not. */
  readonly rate: number;
  /** @param turn counts from 0 */
  send(turn: number): Promise<Asked>;
  /** Looked at before each request. */
  isOver(): boolean;
}

/** Sends until it is over, and waits for what still runs. */
export async function steadyLoad({ rate, send, isOver }: SteadyLoadOptions): Promise<readonly Asked[]> {
  const startedAt = performance.now();
  const running: Promise<Asked>[] = [];
  for (let turn = 0; !isOver(); turn++) {
    running.push(send(turn));
    const waitMs = startedAt + ((turn + 1) * 1000) / rate - performance.now();
    await sleep(Math.max(0, waitMs));
  }
  return Promise.all(running);
}
