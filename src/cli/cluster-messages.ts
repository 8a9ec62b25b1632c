import type { Package } from '../config/deletions.ts';

/** What one worker process asks of all of them, itself included. */
export type Question =
  | { readonly what: 'metrics' }
  | { readonly what: 'deletions' }
  | { readonly what: 'reload'; readonly why: string }
  | { readonly what: 'delete'; readonly found: Package; readonly by: string };

/** What a worker answers; an error says why it could not. */
export type Answer = { readonly value: unknown } | { readonly error: string };

/** What the processes of `--workers` say to each other, apart from the limits and the places of backends. */
export type ClusterMessage =
  /** A worker serves. */
  | { readonly type: 'worker:listening'; readonly port: number }
  /** A worker to the primary process: ask everyone. */
  | { readonly type: 'everyone:ask'; readonly id: number; readonly question: Question }
  /** The primary process to each worker, and its answer. */
  | { readonly type: 'one:ask'; readonly id: number; readonly question: Question }
  | { readonly type: 'one:answer'; readonly id: number; readonly answer: Answer }
  /** The primary process to the worker that asked: an answer of each worker that is still there. */
  | { readonly type: 'everyone:answer'; readonly id: number; readonly answers: readonly Answer[] }
  /** The primary process to each worker: end, and when it comes again, at once. */
  | { readonly type: 'one:end' };

export function isClusterMessage(message: unknown): message is ClusterMessage {
  const type = typeof message === 'object' && message !== null ? (message as { type?: unknown }).type : undefined;
  return typeof type === 'string' && /^(worker|everyone|one):/.test(type);
}
