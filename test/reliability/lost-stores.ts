import { setTimeout as sleep } from 'node:timers/promises';
import { atMost, type Check, none, type Report, same } from '../chaos/report.ts';
import { Clients } from './clients.ts';
import { type CountingBackend, callTokens, mostWithin } from './counting-backend.ts';
import { aliceLimit, bobAtATime, bobCalls, type Instances, nanoDollarsOfToken, startInstances } from './instances.ts';

/** A call comes to the backend up to so long after it was admitted, so that a minute there is shorter. */
const underwayMs = 1000;

/** 200 clients at 4 instances; Redis and then PostgreSQL are killed and come back, Redis with nothing in it. */
export async function runLostStores(seconds: number, clientCount: number): Promise<Report> {
  const instances = await startInstances(4);
  const { gateways, redis, postgres, backend } = instances;
  const clients = new Clients(
    clientCount,
    gateways.map(({ url }) => url),
  );
  const part = (share: number) => sleep(share * seconds * 1000);
  await part(0.25);
  await redis.kill();
  await part(0.1);
  await redis.start();
  await part(0.25);
  await postgres.kill();
  await part(0.1);
  await postgres.start();
  await part(0.3);
  await clients.end();
  const changes = gateways.flatMap(({ others }) => others.filter((line) => line.includes('shared store of limits')));
  await Promise.all(gateways.map((gateway) => gateway.stop()));
  const report: Report = {
    title: `4 instances, ${clientCount} clients, ${seconds} s; Redis killed at ${seconds / 4} s, PostgreSQL at ${seconds * 0.6} s, each back after ${seconds / 10} s`,
    columns: ['key', 'limit', 'asked', 'admitted', 'most in 59 s', 'most at a time'],
    rows: [
      row('alice', `${aliceLimit} a minute`),
      row('bob', `$${(bobCalls * 0.04).toFixed(2)}, 4 cents a call; ${bobAtATime} at a time`),
      row('carol', 'none that is reached'),
    ],
    checks: [
      ...judgeLimits(backend),
      none('no request failed for a lost store', clients.told.faults),
      ...judgeUsage(instances),
      atMost('an instance says once that Redis is gone', changes.length, gateways.length, 'lines'),
    ],
  };
  await instances.stop();
  return report;

  function row(name: 'alice' | 'bob' | 'carol', limit: string) {
    const { at, mostRunning } = backend.seen(name);
    const asked = clients.told.count(name, 200) + clients.told.count(name, 429);
    return [name, limit, asked, at.length, mostWithin(at, 60_000 - underwayMs), mostRunning];
  }
}

function judgeLimits(backend: CountingBackend): Check[] {
  const bob = backend.seen('bob');
  const inWindow = mostWithin(backend.seen('alice').at, 60_000 - underwayMs);
  return [
    atMost('no more than the limit of a minute was admitted', inWindow, aliceLimit, 'calls'),
    atMost('no more than the budget was spent', bob.at.length, bobCalls, 'calls'),
    atMost('no more ran at a time than may', bob.mostRunning, bobAtATime, 'calls'),
    atLeast('at least 95 % of the limit of a minute was used', inWindow, 0.95 * aliceLimit),
    atLeast('at least 95 % of the budget was used', bob.at.length, 0.95 * bobCalls),
  ];
}

function judgeUsage({ backend, rows, used }: Instances): Check[] {
  const spent = backend.seen('bob').at.length * callTokens * nanoDollarsOfToken;
  return [
    same('the ledger has a row for every call that was served', rows(), backend.served().length),
    same('its counter of the budget says the same', used('key:bob/cost/total'), spent),
  ];
}

function atLeast(what: string, measured: number, least: number): Check {
  return { what, isGood: measured >= least, detail: `${measured} of at least ${least} calls` };
}
