import cluster, { type Worker } from 'node:cluster';
import type { Config } from '../config/config.ts';
import { LimiterAuthority } from '../limits/limiter-authority.ts';
import { isLimiterRequest } from '../limits/limiter-messages.ts';
import { MemoryLimiter } from '../limits/memory-limiter.ts';
import { openLog } from '../telemetry/log.ts';
import { type ClusterMessage, isClusterMessage, type Question } from './cluster-messages.ts';

const restartDelayMs = 1000;
const answerTimeoutMs = 10_000;

/**
 * Runs `--workers` processes that share the port. This one serves nothing itself: it holds the limits, so that they
 * are exact over all workers, joins their metrics, and replaces a worker that dies.
 * @returns exit code, once all workers have ended after a signal or because none could start
 */
export async function runPrimary(config: Config, onReady: (port: number) => void): Promise<number> {
  const log = openLog(config.settings.logLevel);
  const limiter = new MemoryLimiter();
  const listening = new Set<number>();
  let ending = false;
  let code = 0;
  cluster.setupPrimary({ silent: false });
  const fork = () =>
    serveWorker(cluster.fork(), limiter, (worker, { port }) => {
      listening.add(worker.id);
      if (listening.size === config.settings.workers) onReady(port);
    });
  for (let i = 0; i < config.settings.workers; i++) fork();
  endOnSignals(() => {
    ending = true;
  });
  return new Promise((resolve) => {
    cluster.on('exit', (worker, exitCode, signal) => {
      if (ending || !listening.has(worker.id)) {
        // One that never listened has said why; another try would say the same.
        if (!ending) {
          code = exitCode || 1;
          ending = true;
          for (const other of Object.values(cluster.workers ?? {})) other?.process.kill('SIGTERM');
        }
        if (Object.keys(cluster.workers ?? {}).length === 0) resolve(code);
        return;
      }
      log.error({ pid: worker.process.pid, exitCode, signal }, 'a worker died and is replaced');
      void log.flush();
      setTimeout(fork, restartDelayMs);
    });
  });
}

function serveWorker(
  worker: Worker,
  limiter: MemoryLimiter,
  onListening: (worker: Worker, message: { readonly port: number }) => void,
): void {
  const authority = new LimiterAuthority(limiter, (response) => {
    if (worker.isConnected()) worker.send(response);
  });
  worker.on('message', (message: unknown) => {
    if (isLimiterRequest(message)) void authority.handle(message);
    else if (!isClusterMessage(message)) return;
    else if (message.type === 'worker:listening') onListening(worker, message);
    else if (message.type === 'everyone:ask') void askEveryone(worker, message.id, message.question);
  });
}

/** Asks all workers that serve, and gives the one that wanted to know all the answers that came in time. */
async function askEveryone(asking: Worker, id: number, question: Question): Promise<void> {
  const workers = Object.values(cluster.workers ?? {}).filter((worker) => worker?.isConnected()) as Worker[];
  const answers = await Promise.all(workers.map((worker) => askOne(worker, id, question)));
  send(asking, { type: 'everyone:answer', id, answers: answers.filter((answer) => answer !== undefined) });
}

function askOne(worker: Worker, id: number, question: Question): Promise<unknown> {
  return new Promise((resolve) => {
    const done = (answer: unknown) => {
      clearTimeout(timer);
      worker.off('message', listen);
      worker.off('exit', leave);
      resolve(answer);
    };
    const listen = (message: unknown) => {
      if (isClusterMessage(message) && message.type === 'one:answer' && message.id === id) done(message.answer);
    };
    const leave = () => done(undefined);
    const timer = setTimeout(leave, answerTimeoutMs);
    worker.on('message', listen);
    worker.on('exit', leave);
    send(worker, { type: 'one:ask', id, question });
  });
}

function send(worker: Worker, message: ClusterMessage): void {
  if (worker.isConnected()) worker.send(message);
}

function endOnSignals(onEnd: () => void): void {
  const end = (signal: NodeJS.Signals) => {
    onEnd();
    for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill(signal);
  };
  process.on('SIGINT', () => end('SIGINT'));
  process.on('SIGTERM', () => end('SIGTERM'));
  process.on('SIGHUP', () => {
    for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill('SIGHUP');
  });
  if (process.channel) {
    process.on('disconnect', () => end('SIGTERM'));
    process.channel.unref();
  }
}
