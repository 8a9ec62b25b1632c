import { createHash } from 'node:crypto';
import { GatewayChild } from '../chaos/gateway-child.ts';
import { findPostgres, type RealPostgres, startPostgres } from '../harness/real-postgres.ts';
import { findRedis, type RealRedis, startRedis } from '../harness/real-redis.ts';
import { CountingBackend } from './counting-backend.ts';

/** What alice may do in any 60 seconds, what bob may do in all and at a time; carol may do all. */
export const aliceLimit = 1500;
export const bobCalls = 1000;
export const bobAtATime = 20;
/** How often the instances write usage, in seconds. */
export const flushSeconds = 1;

const names = ['alice', 'bob', 'carol'] as const;
export type Name = (typeof names)[number];

/** In US dollars for a million tokens, so that a call takes 4 cents. */
const price = 2500;
export const nanoDollarsOfToken = price * 1000;
const limits: Readonly<Record<Name, object>> = {
  alice: { requests_per_minute: aliceLimit },
  bob: { budget: { total: bobCalls * 0.04 }, max_concurrent: bobAtATime },
  carol: { requests_per_minute: 10_000_000, tokens_per_day: 4_000_000_000 },
};

/** Several gateways over one Redis, one PostgreSQL and one backend. */
export interface Instances {
  readonly gateways: GatewayChild[];
  readonly redis: RealRedis;
  readonly postgres: RealPostgres;
  readonly backend: CountingBackend;
  /** Rows of the ledger that answered a call. */
  rows(): number;
  /** What is stored as used of a limit, in its only period. */
  used(limitId: string): number;
  stop(): Promise<void>;
}

export function secretOf(name: Name): string {
  return `secret-of-${name}-123456`;
}

/** @throws Error where Redis or PostgreSQL is not installed */
export async function startInstances(count: number): Promise<Instances> {
  const redisProgram = findRedis();
  const postgresPrograms = findPostgres();
  if (redisProgram === undefined || postgresPrograms === undefined) throw new Error('Redis and PostgreSQL are needed');
  const [redis, postgres] = [await startRedis(redisProgram), await startPostgres(postgresPrograms)];
  const backend = await CountingBackend.start(50);
  const database = await postgres.createDatabase();
  const base = new URL(database).pathname.slice(1);
  const gateways: GatewayChild[] = [];
  const stop = async () => {
    await Promise.all(gateways.map((gateway) => gateway.stop()));
    backend.stop();
    await redis.stop();
    await postgres.stop();
  };
  try {
    for (let i = 0; i < count; i++) {
      gateways.push(await GatewayChild.start(filesOf(backend.urlFor(`i${i}`), database, redis.url)));
    }
  } catch (error) {
    await stop();
    throw error;
  }
  const ask = (statement: string) => Number(postgres.run(statement, base).trim());
  return {
    gateways,
    redis,
    postgres,
    backend,
    rows: () => ask('select count(*) from usage where status = 200'),
    used: (limitId) => ask(`select coalesce(sum(used), 0) from limit_counters where limit_id = '${limitId}'`),
    stop,
  };
}

function filesOf(backendUrl: string, database: string, redisUrl: string): Record<string, string> {
  const keys = names.map((name) => ({
    name,
    sha256: createHash('sha256').update(secretOf(name)).digest('hex'),
    limits: limits[name],
  }));
  const models = Object.fromEntries(names.map((name) => [name, { prices: { input: price, output: price } }]));
  return {
    'headrace.yaml': JSON.stringify({
      log_level: 'warn',
      keys,
      storage: { url: database, folder: 'state', flush_interval: flushSeconds },
      limits: { redis_url: redisUrl },
    }),
    'backends/u/backend.yaml': JSON.stringify({
      backend_type: 'custom',
      api_base_url: backendUrl,
      auth_type: 'none',
      models,
    }),
  };
}
