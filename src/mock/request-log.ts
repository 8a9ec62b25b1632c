import type { RecordedRequest } from './recorded-request.ts';

interface Waiter {
  readonly check: () => void;
}

/** The requests of a mock server in the order in which they were whole. */
export class RequestLog {
  #requests: RecordedRequest[] = [];
  readonly #waiters = new Set<Waiter>();

  get all(): readonly RecordedRequest[] {
    return this.#requests;
  }

  posts(): readonly RecordedRequest[] {
    return this.#requests.filter((request) => request.method === 'POST');
  }

  add(request: RecordedRequest): void {
    this.#requests.push(request);
    for (const waiter of this.#waiters) waiter.check();
  }

  clear(): void {
    this.#requests = [];
  }

  /**
   * The `n`-th request (from 1) of those that `select` gives, as soon as it is there.
   * Rejects after `timeoutMs`, saying how many there were.
   */
  waitFor(n: number, select: () => readonly RecordedRequest[], timeoutMs: number): Promise<RecordedRequest> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiters.delete(waiter);
        reject(new Error(`waited ${timeoutMs} ms for request ${n}, but only ${select().length} came`));
      }, timeoutMs);
      const check = () => {
        const request = select()[n - 1];
        if (request === undefined) return;
        clearTimeout(timer);
        this.#waiters.delete(waiter);
        resolve(request);
      };
      const waiter: Waiter = { check };
      this.#waiters.add(waiter);
      check();
    });
  }
}
