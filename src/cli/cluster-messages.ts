/** What one worker process asks of all of them, itself included. */
export type Question =
  | { readonly what: 'metrics' }
  | { readonly what: 'reload' }
  | { readonly what: 'delete'; readonly name: string; readonly by: string };

/** What the processes of `--workers` say to each other, apart from the limits. */
export type ClusterMessage =
  /** A worker serves. */
  | { readonly type: 'worker:listening'; readonly port: number }
  /** A worker to the primary process: ask everyone. */
  | { readonly type: 'everyone:ask'; readonly id: number; readonly question: Question }
  /** The primary process to each worker, and its answer. */
  | { readonly type: 'one:ask'; readonly id: number; readonly question: Question }
  | { readonly type: 'one:answer'; readonly id: number; readonly answer: unknown }
  /** The primary process to the worker that asked: all answers that came. */
  | { readonly type: 'everyone:answer'; readonly id: number; readonly answers: readonly unknown[] };

export function isClusterMessage(message: unknown): message is ClusterMessage {
  const type = typeof message === 'object' && message !== null ? (message as { type?: unknown }).type : undefined;
  return typeof type === 'string' && /^(worker|everyone|one):/.test(type);
}
