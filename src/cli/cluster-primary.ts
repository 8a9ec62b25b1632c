import cluster, { type Worker } from 'node:cluster';
import type { Config } from '../config/config.ts';
import { LimiterAuthority } from '../limits/limiter-authority.ts';
import { isLimiterRequest } from '../limits/limiter-messages.ts';
import { MemoryLimiter } from '../limits/memory-limiter.ts';
import { openLog } from '../telemetry/log.ts';
import { type Answer, type ClusterMessage, isClusterMessage, type Question } from './cluster-messages.ts';

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
  const listening = new Set<Worker>();
  let ready = false;
  let ending = false;
  let code = 0;
  cluster.setupPrimary({ silent: false });
  const fork = () => {
    if (ending) return;
    serveWorker(cluster.fork(), limiter, listening, ({ port }) => {
      if (ready || listening.size < config.settings.workers) return;
      ready = true;
      onReady(port);
    });
  };
  const end = () => {
    ending = true;
    for (const worker of allWorkers()) send(worker, { type: 'one:end' });
  };
  for (let i = 0; i < config.settings.workers; i++) fork();
  actOnSignals(end);
  return new Promise((resolve) => {
    cluster.on('exit', (worker, exitCode, signal) => {
      const neverServed = !listening.delete(worker) && !ready;
      if (ending || neverServed) code ||= exitCode ?? 0;
      if (!ending && neverServed) {
        code ||= 1;
        end(); // it has said why; another try would say the same
      }
      if (ending) {
        if (allWorkers().length === 0) resolve(code);
        return;
      }
      log.error({ pid: worker.process.pid, exitCode, signal }, 'a worker died and is replaced');
      void log.flush();
      setTimeout(fork, restartDelayMs);
    });
  });
}

function allWorkers(): Worker[] {
  return Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
}

function serveWorker(
  worker: Worker,
  limiter: MemoryLimiter,
  listening: Set<Worker>,
  onListening: (message: { readonly port: number }) => void,
): void {
  worker.setMaxListeners(0); // each question that waits for its answer is one
  const authority = new LimiterAuthority(limiter, (response) => {
    if (worker.isConnected()) worker.send(response);
  });
  worker.on('message', (message: unknown) => {
    if (isLimiterRequest(message)) void authority.handle(message);
    else if (!isClusterMessage(message)) return;
    else if (message.type === 'worker:listening') {
      listening.add(worker);
      onListening(message);
    } else if (message.type === 'everyone:ask') {
      // What changes something is also for those that are about to serve.
      const isChange = message.question.what === 'reload' || message.question.what === 'delete';
      void askEveryone(worker, isChange ? allWorkers() : [...listening], message);
    }
  });
}

/** Gives the worker that wanted to know the answers of all that are still there. */
async function askEveryone(
  asking: Worker,
  workers: readonly Worker[],
  { id, question }: { readonly id: number; readonly question: Question },
): Promise<void> {
  const connected = workers.filter((worker) => worker.isConnected());
  const answers = await Promise.all(connected.map((worker) => askOne(worker, id, question)));
  send(asking, { type: 'everyone:answer', id, answers: answers.filter((answer) => answer !== undefined) });
}

/** Undefined: it ended meanwhile. */
function askOne(worker: Worker, id: number, question: Question): Promise<Answer | undefined> {
  return new Promise((resolve) => {
    const done = (answer: Answer | undefined) => {
      clearTimeout(timer);
      worker.off('message', listen);
      worker.off('exit', leave);
      resolve(answer);
    };
    const listen = (message: unknown) => {
      if (isClusterMessage(message) && message.type === 'one:answer' && message.id === id) done(message.answer);
    };
    const leave = () => done(undefined);
    const timer = setTimeout(() => done({ error: 'it does not answer' }), answerTimeoutMs);
    worker.on('message', listen);
    worker.on('exit', leave);
    send(worker, { type: 'one:ask', id, question });
  });
}

function send(worker: Worker, message: ClusterMessage): void {
  if (worker.isConnected()) worker.send(message);
}

function actOnSignals(end: () => void): void {
  process.on('SIGINT', end);
  process.on('SIGTERM', end);
  process.on('SIGHUP', () => {
    for (const worker of allWorkers()) worker.process.kill('SIGHUP');
  });
  if (process.channel) {
    process.on('disconnect', end);
    process.channel.unref();
  }
}
