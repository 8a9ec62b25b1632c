import { RemoteSlots } from '../balancing/remote-slots.ts';
import { isSlotsResponse } from '../balancing/slots-messages.ts';
import type { Deletions, Package } from '../config/deletions.ts';
import type { Gateway } from '../gateway.ts';
import type { Everywhere } from '../gateway-options.ts';
import { isLeaseAnswer, RemoteAuthority } from '../limits/leases/lease-channel.ts';
import { isLimiterResponse } from '../limits/limiter-messages.ts';
import { RemoteLimiter } from '../limits/remote-limiter.ts';
import type { ReloadState } from '../reloader.ts';
import { Metrics, type MetricsPage, type MetricsSnapshot } from '../telemetry/metrics.ts';
import { type Answer, type ClusterMessage, isClusterMessage, type Question } from './cluster-messages.ts';

/** Deletions as they go through a channel between processes. */
interface SentDeletions {
  readonly connectors: readonly string[];
  readonly models: readonly string[];
}

/**
 * A worker's side of `--workers`: the primary process is asked for the limits and the places of backends, and what
 * concerns all goes through it.
 */
export class ClusterWorker implements Everywhere {
  readonly limiter = new RemoteLimiter({ send: (request) => void process.send?.(request) });
  readonly limitAuthority = new RemoteAuthority((ask) => void process.send?.(ask));
  readonly slots = new RemoteSlots({ send: (request) => void process.send?.(request) });
  readonly #waiting = new Map<number, (answers: readonly Answer[]) => void>();
  /** Questions that come before it serves wait for that. */
  readonly #gateway = Promise.withResolvers<Gateway>();
  #onEnd: (() => void) | undefined;
  #last = 0;

  constructor() {
    process.on('message', (message: unknown) => {
      if (isLimiterResponse(message)) this.limiter.receive(message);
      else if (isSlotsResponse(message)) this.slots.receive(message);
      else if (isLeaseAnswer(message)) this.limitAuthority.receive(message);
      else if (isClusterMessage(message)) void this.#receive(message);
    });
  }

  /** The page over all workers. */
  async renderMetrics(): Promise<MetricsPage> {
    return Metrics.join((await this.#askEveryone({ what: 'metrics' })) as MetricsSnapshot[]);
  }

  async reload(why = 'an admin asked'): Promise<readonly ReloadState[]> {
    return (await this.#askEveryone({ what: 'reload', why })) as ReloadState[];
  }

  async deletePackage(found: Package, by: string): Promise<void> {
    await this.#askEveryone({ what: 'delete', found, by });
  }

  /** What was deleted in the workers that serve already, for one that takes a dead one's place. */
  async deletions(): Promise<Deletions> {
    const all = (await this.#askEveryone({ what: 'deletions' })) as SentDeletions[];
    const join = (part: keyof SentDeletions) => new Set(all.flatMap((one) => one[part]));
    return { connectors: join('connectors'), models: join('models') };
  }

  /** Tells the primary that this worker serves. */
  listening(gateway: Gateway): void {
    this.#gateway.resolve(gateway);
    this.#send({ type: 'worker:listening', port: gateway.port });
  }

  /** Called each time that the primary says to end. */
  onEnd(listener: () => void): void {
    this.#onEnd = listener;
  }

  async #askEveryone(question: Question): Promise<readonly unknown[]> {
    const id = process.pid * 1_000_000 + ++this.#last;
    const { promise, resolve } = Promise.withResolvers<readonly Answer[]>();
    this.#waiting.set(id, resolve);
    this.#send({ type: 'everyone:ask', id, question });
    return (await promise).map((answer) => {
      if ('error' in answer) throw new Error(`a worker failed: ${answer.error}`);
      return answer.value;
    });
  }

  async #receive(message: ClusterMessage): Promise<void> {
    if (message.type === 'everyone:answer') {
      this.#waiting.get(message.id)?.(message.answers);
      this.#waiting.delete(message.id);
    } else if (message.type === 'one:ask') {
      const gateway = await this.#gateway.promise;
      this.#send({ type: 'one:answer', id: message.id, answer: await answer(message.question, gateway) });
    } else if (message.type === 'one:end') {
      if (this.#onEnd) this.#onEnd();
      else process.exit(0); // it does not serve yet
    }
  }

  #send(message: ClusterMessage): void {
    process.send?.(message);
  }
}

async function answer(question: Question, gateway: Gateway): Promise<Answer> {
  try {
    return { value: await work(question, gateway) };
  } catch (error) {
    return { error: String(error) };
  }
}

/** A reload and a deletion begin at once, so that their order is that in which the primary process has sent them. */
function work(question: Question, gateway: Gateway): unknown {
  if (question.what === 'metrics') return gateway.metrics.snapshot();
  if (question.what === 'reload') return gateway.reload(question.why);
  if (question.what === 'delete') return gateway.deletePackage(question.found, question.by);
  return deletionsOf(gateway);
}

/** As they are when the reloads have ended that the one who asks does not know of. */
async function deletionsOf(gateway: Gateway): Promise<SentDeletions> {
  await gateway.settled();
  const { connectors, models } = gateway.deletions;
  return { connectors: [...connectors], models: [...models] };
}
