/** Which of the workers a process is, and where they find each other. */
export interface WorkerPlace {
  /** From 0; one that replaces a dead one has its number. */
  readonly index: number;
  readonly count: number;
  /** A folder that nobody else may read, where each has a socket. */
  readonly sockets: string;
}

const variable = 'HEADRACE_WORKER_PLACE';

/** How the primary process tells a worker. */
export function workerVariables(place: WorkerPlace): Record<string, string> {
  return { [variable]: JSON.stringify(place) };
}

export function readWorkerPlace(env: Readonly<Record<string, string | undefined>>): WorkerPlace {
  return JSON.parse(env[variable] ?? '{}');
}
