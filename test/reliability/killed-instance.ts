import { setTimeout as sleep } from 'node:timers/promises';
import { atMost, none, type Report } from '../chaos/report.ts';
import { Clients } from './clients.ts';
import { bobCalls, flushSeconds, startInstances } from './instances.ts';

/** What an instance wrote last may have taken so long, beside the interval. */
const writingMs = 500;

/** One of 4 instances is killed under load: what it had not written yet is lost, and nothing else. */
export async function runKilledInstance(seconds: number, clientCount: number): Promise<Report> {
  const instances = await startInstances(4);
  const { gateways, backend } = instances;
  const clients = new Clients(
    clientCount,
    gateways.map(({ url }) => url),
  );
  await sleep(seconds * 500);
  clients.instanceEnds(0);
  const killedAt = performance.now();
  await gateways.shift()?.kill();
  await sleep(seconds * 500);
  await clients.end();
  await Promise.all(gateways.map((gateway) => gateway.stop()));
  const served = backend.served().length;
  const rows = instances.rows();
  const since = killedAt - flushSeconds * 1000 - writingMs;
  const mayBeLost = backend.served('i0').filter((at) => at > since).length;
  const report: Report = {
    title: `SIGKILL of one of 4 instances, ${clientCount} clients, ${seconds} s`,
    columns: ['served by the backend', 'rows in the ledger', 'served through the killed one in its last 1.5 s'],
    rows: [[served, rows, mayBeLost]],
    checks: [
      atMost('the ledger has nothing twice', rows, served, 'rows'),
      atMost('no more is missing than one flush interval', served - rows, mayBeLost, 'calls'),
      atMost('no more than the budget was spent', backend.seen('bob').at.length, bobCalls, 'calls'),
      none('no request to the other instances failed', clients.told.faults),
    ],
  };
  await instances.stop();
  return report;
}
