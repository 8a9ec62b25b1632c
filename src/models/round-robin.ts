/** Milliseconds that one turn of the event loop works before messages are looked at. */
const turnMs = 5;

interface Job {
  readonly steps: Generator<undefined, unknown>;
  readonly done: (result: unknown) => void;
  readonly failed: (error: unknown) => void;
}

/**
 * Does jobs by steps: some milliseconds of one, then of the next, with a turn of the event loop between, so that
 * a small job that comes later is not held up by a large one.
 */
export class RoundRobin {
  /** In the order in which they get their next turn. */
  readonly #jobs = new Map<number, Job>();
  #isScheduled = false;

  /** Exactly one of `done` and `failed` is called, unless the job is dropped before. */
  add(id: number, steps: Job['steps'], done: Job['done'], failed: Job['failed']): void {
    this.#jobs.set(id, { steps, done, failed });
    this.#schedule();
  }

  drop(id: number): void {
    this.#jobs.delete(id);
  }

  #schedule(): void {
    if (this.#isScheduled || this.#jobs.size === 0) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#turn();
      this.#schedule();
    });
  }

  #turn(): void {
    const deadline = performance.now() + turnMs;
    for (const [id, job] of this.#jobs) {
      this.#jobs.delete(id);
      if (!work(job, deadline)) this.#jobs.set(id, job);
      if (performance.now() >= deadline) return;
    }
  }
}

/** Works on a job until it ends or the time is up, and says whether it ended. */
function work(job: Job, deadline: number): boolean {
  try {
    do {
      const step = job.steps.next();
      if (step.done) {
        job.done(step.value);
        return true;
      }
    } while (performance.now() < deadline);
    return false;
  } catch (error) {
    job.failed(error);
    return true;
  }
}
