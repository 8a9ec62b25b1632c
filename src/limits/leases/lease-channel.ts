import type { LeaseAuthority, SyncReply, SyncRequest } from './lease-messages.ts';
import type { MemoryAuthority } from './memory-authority.ts';

/** What a worker process says to the process that divides the limits. */
export interface LeaseAsk {
  readonly type: 'lease:sync';
  readonly id: number;
  readonly request: SyncRequest;
}

export interface LeaseAnswer {
  readonly type: 'lease:reply';
  readonly id: number;
  readonly reply: SyncReply;
}

export function isLeaseAsk(message: unknown): message is LeaseAsk {
  return (message as { type?: unknown } | null)?.type === 'lease:sync';
}

export function isLeaseAnswer(message: unknown): message is LeaseAnswer {
  return (message as { type?: unknown } | null)?.type === 'lease:reply';
}

/** Channels between processes of one machine are slow only where the machine is. */
const timeoutMs = 2000;

/** The authority of another process, over a channel to it. */
export class RemoteAuthority implements LeaseAuthority {
  readonly #send: (ask: LeaseAsk) => void;
  readonly #waiting = new Map<number, (reply: SyncReply) => void>();
  #last = 0;

  constructor(send: (ask: LeaseAsk) => void) {
    this.#send = send;
  }

  sync(request: SyncRequest): Promise<SyncReply> {
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new Error(`the primary process has not answered within ${timeoutMs} ms`));
      }, timeoutMs);
      this.#waiting.set(id, (reply) => {
        clearTimeout(timer);
        resolve(reply);
      });
      this.#send({ type: 'lease:sync', id, request });
    });
  }

  /** To be called with every answer that comes in. */
  receive({ id, reply }: LeaseAnswer): void {
    this.#waiting.get(id)?.(reply);
    this.#waiting.delete(id);
  }

  async close(): Promise<void> {}
}

/** Answers the member in one worker process. */
export class LeaseService {
  readonly #authority: MemoryAuthority;
  readonly #reply: (answer: LeaseAnswer) => void;
  readonly #members = new Set<string>();

  constructor(authority: MemoryAuthority, reply: (answer: LeaseAnswer) => void) {
    this.#authority = authority;
    this.#reply = reply;
  }

  handle({ id, request }: LeaseAsk): void {
    this.#members.add(request.member);
    this.#reply({ type: 'lease:reply', id, reply: this.#authority.handle(request) });
  }

  /** The process has ended. */
  gone(): void {
    for (const member of this.#members) this.#authority.gone(member);
  }
}
