import { isLimiterResponse } from '../limits/limiter-messages.ts';
import { RemoteLimiter } from '../limits/remote-limiter.ts';
import type { Metrics, MetricsPage } from '../telemetry/metrics.ts';
import { type ClusterMessage, isClusterMessage } from './cluster-messages.ts';

const pageTimeoutMs = 5000;

/** A worker's side of `--workers`: the limits are asked of the primary process, and so is the page of metrics. */
export class ClusterWorker {
  readonly limiter = new RemoteLimiter({ send: (request) => void process.send?.(request) });
  readonly #pages = new Map<number, (page: MetricsPage) => void>();
  #metrics: Metrics | undefined;
  #last = 0;

  constructor() {
    process.on('message', (message: unknown) => {
      if (isLimiterResponse(message)) this.limiter.receive(message);
      else if (isClusterMessage(message)) void this.#receive(message);
    });
  }

  /** The page over all workers; this worker's own numbers where the primary does not answer. */
  renderMetrics(own: Metrics): Promise<MetricsPage> {
    const id = process.pid * 1_000_000 + ++this.#last;
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#pages.delete(id);
        resolve(own.render());
      }, pageTimeoutMs);
      this.#pages.set(id, (page) => {
        clearTimeout(timer);
        resolve(page);
      });
      this.#send({ type: 'metrics:render', id });
    });
  }

  /** Tells the primary that this worker serves. */
  listening(port: number, metrics: Metrics): void {
    this.#metrics = metrics;
    this.#send({ type: 'worker:listening', port });
  }

  async #receive(message: ClusterMessage): Promise<void> {
    if (message.type === 'metrics:page') {
      this.#pages.get(message.id)?.(message);
      this.#pages.delete(message.id);
    } else if (message.type === 'metrics:ask' && this.#metrics !== undefined) {
      this.#send({ type: 'metrics:snapshot', id: message.id, snapshot: await this.#metrics.snapshot() });
    }
  }

  #send(message: ClusterMessage): void {
    process.send?.(message);
  }
}
