import type { Everywhere, Gateway } from '../gateway.ts';
import { isLimiterResponse } from '../limits/limiter-messages.ts';
import { RemoteLimiter } from '../limits/remote-limiter.ts';
import type { ReloadState } from '../reloader.ts';
import { Metrics, type MetricsPage, type MetricsSnapshot } from '../telemetry/metrics.ts';
import { type ClusterMessage, isClusterMessage, type Question } from './cluster-messages.ts';

/** A worker's side of `--workers`: the limits are asked of the primary process, and what concerns all goes through it. */
export class ClusterWorker implements Everywhere {
  readonly limiter = new RemoteLimiter({ send: (request) => void process.send?.(request) });
  readonly #waiting = new Map<number, (answers: readonly unknown[]) => void>();
  #gateway: Gateway | undefined;
  #last = 0;

  constructor() {
    process.on('message', (message: unknown) => {
      if (isLimiterResponse(message)) this.limiter.receive(message);
      else if (isClusterMessage(message)) void this.#receive(message);
    });
  }

  /** The page over all workers. */
  async renderMetrics(): Promise<MetricsPage> {
    return Metrics.join((await this.#askEveryone({ what: 'metrics' })) as MetricsSnapshot[]);
  }

  async reload(): Promise<ReloadState[]> {
    return (await this.#askEveryone({ what: 'reload' })) as ReloadState[];
  }

  async deletePackage(name: string, by: string): Promise<boolean[]> {
    return (await this.#askEveryone({ what: 'delete', name, by })) as boolean[];
  }

  /** Tells the primary that this worker serves. */
  listening(gateway: Gateway): void {
    this.#gateway = gateway;
    this.#send({ type: 'worker:listening', port: gateway.port });
  }

  #askEveryone(question: Question): Promise<readonly unknown[]> {
    const id = process.pid * 1_000_000 + ++this.#last;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#send({ type: 'everyone:ask', id, question });
    });
  }

  async #receive(message: ClusterMessage): Promise<void> {
    if (message.type === 'everyone:answer') {
      this.#waiting.get(message.id)?.(message.answers);
      this.#waiting.delete(message.id);
    } else if (message.type === 'one:ask' && this.#gateway !== undefined) {
      this.#send({ type: 'one:answer', id: message.id, answer: await this.#answer(message.question, this.#gateway) });
    }
  }

  async #answer(question: Question, gateway: Gateway): Promise<unknown> {
    if (question.what === 'metrics') return gateway.metrics.snapshot();
    if (question.what === 'reload') return gateway.reload('an admin asked');
    return gateway.deletePackage(question.name, question.by);
  }

  #send(message: ClusterMessage): void {
    process.send?.(message);
  }
}
