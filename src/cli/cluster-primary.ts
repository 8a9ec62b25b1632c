import cluster, { type Worker } from 'node:cluster';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SharedSlots } from '../balancing/slots-authority.ts';
import { isSlotsRequest } from '../balancing/slots-messages.ts';
import { ConfigWatcher } from '../config/watch.ts';
import { isLeaseAsk, LeaseService } from '../limits/leases/lease-channel.ts';
import { MemoryAuthority } from '../limits/leases/memory-authority.ts';
import { LimiterAuthority } from '../limits/limiter-authority.ts';
import { isLimiterRequest } from '../limits/limiter-messages.ts';
import { MemoryLimiter } from '../limits/memory-limiter.ts';
import { openLog } from '../telemetry/log.ts';
import { type Answer, type ClusterMessage, isClusterMessage, type Question } from './cluster-messages.ts';
import { ClusterReloads, type ConfigFiles } from './cluster-reloads.ts';
import { workerVariables } from './worker-place.ts';

const restartDelayMs = 1000;
const answerTimeoutMs = 10_000;
let lastQuestion = 0;

/** What all workers share. */
interface Shared {
  readonly limiter: MemoryLimiter;
  /** Of the limits of callers. */
  readonly leases: MemoryAuthority;
  readonly slots: SharedSlots;
  readonly reloads: ClusterReloads;
}

/**
 * Runs `--workers` processes that share the port. This one serves nothing itself: it holds the limits and the places of
 * backends, so that they are exact over all workers, joins their metrics, and replaces a worker that dies. It alone
 * watches the files, so that reloads and deletions come to all workers in one order.
 * @returns exit code, once all workers have ended after a signal or because none could start
 */
export async function runPrimary(files: ConfigFiles, onReady: (port: number) => void): Promise<number> {
  const { settings } = files.first.config;
  const log = openLog(settings.logLevel);
  const reloads = new ClusterReloads(files, (question) => askAll(allWorkers(), question));
  const watcher = await ConfigWatcher.start(
    () => reloads.sources,
    () => reloads.refresh('a file changed'),
  );
  const shared = { limiter: new MemoryLimiter(), leases: new MemoryAuthority(), slots: new SharedSlots(), reloads };
  const listening = new Set<Worker>();
  const indexes = new Map<number, number>();
  let ready = false;
  let ending = false;
  let code = 0;
  cluster.setupPrimary({ silent: false });
  const sockets = await mkdtemp(join(tmpdir(), 'headrace-workers-'));
  const fork = (index: number) => {
    if (ending) return;
    const worker = cluster.fork(workerVariables({ index, count: settings.workers, sockets }));
    indexes.set(worker.id, index);
    serveWorker(worker, shared, listening, ({ port }) => {
      if (ready || listening.size < settings.workers) return;
      ready = true;
      onReady(port);
    });
  };
  const end = () => {
    ending = true;
    for (const worker of allWorkers()) send(worker, { type: 'one:end' });
  };
  for (let index = 0; index < settings.workers; index++) fork(index);
  actOnSignals(end, () => void reloads.reload('SIGHUP'));
  return new Promise((resolve) => {
    cluster.on('exit', (worker, exitCode, signal) => {
      const neverServed = !listening.delete(worker) && !ready;
      if (ending || neverServed) code ||= exitCode ?? 0;
      if (!ending && neverServed) {
        code ||= 1;
        end(); // it has said why; another try would say the same
      }
      if (ending) {
        if (allWorkers().length > 0) return;
        watcher.close();
        rm(sockets, { recursive: true, force: true }).finally(() => resolve(code));
        return;
      }
      log.error({ pid: worker.process.pid, exitCode, signal }, 'a worker died and is replaced');
      void log.flush();
      setTimeout(fork, restartDelayMs, indexes.get(worker.id) ?? 0);
      indexes.delete(worker.id);
    });
  });
}

function allWorkers(): Worker[] {
  return Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
}

function serveWorker(
  worker: Worker,
  { limiter, leases, slots, reloads }: Shared,
  listening: Set<Worker>,
  onListening: (message: { readonly port: number }) => void,
): void {
  worker.setMaxListeners(0); // each question that waits for its answer is one
  const answer = async (id: number, answers: Promise<readonly Answer[]>) =>
    send(worker, { type: 'everyone:answer', id, answers: await answers });
  const authority = new LimiterAuthority(limiter, (response) => {
    if (worker.isConnected()) worker.send(response);
  });
  const places = slots.serve((response) => {
    if (worker.isConnected()) worker.send(response);
  });
  const member = new LeaseService(leases, (reply) => {
    if (worker.isConnected()) worker.send(reply);
  });
  worker.on('exit', () => {
    places.close();
    member.gone();
  });
  worker.on('message', (message: unknown) => {
    if (isLeaseAsk(message)) member.handle(message);
    else if (isLimiterRequest(message)) void authority.handle(message);
    else if (isSlotsRequest(message)) void places.handle(message);
    else if (!isClusterMessage(message)) return;
    else if (message.type === 'worker:listening') {
      listening.add(worker);
      onListening(message);
    } else if (message.type === 'everyone:ask') {
      const { id, question } = message;
      // What changes something is also for those that are about to serve.
      if (question.what === 'reload') void answer(id, reloads.reload(question.why));
      else void answer(id, askAll(question.what === 'delete' ? allWorkers() : [...listening], question));
    }
  });
}

/** The answers of all that are still there. Each gets its questions in the order in which they are asked here. */
async function askAll(workers: readonly Worker[], question: Question): Promise<readonly Answer[]> {
  const id = ++lastQuestion;
  const connected = workers.filter((worker) => worker.isConnected());
  const answers = await Promise.all(connected.map((worker) => askOne(worker, id, question)));
  return answers.filter((answer) => answer !== undefined);
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

function actOnSignals(end: () => void, reload: () => void): void {
  process.on('SIGINT', end);
  process.on('SIGTERM', end);
  process.on('SIGHUP', reload);
  if (process.channel) {
    process.on('disconnect', end);
    process.channel.unref();
  }
}
