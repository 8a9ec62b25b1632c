import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { Secret } from '../../../src/secret.ts';
import { openPostgresStorage } from '../../../src/storage/postgres-storage.ts';
import { openSqliteStorage } from '../../../src/storage/sqlite-storage.ts';
import type { Storage } from '../../../src/storage/storage.ts';
import { findPostgres, type RealPostgres, startPostgres } from '../../harness/real-postgres.ts';
import { textOf } from '../routing/rig.ts';
import { type ApproachRig, type Json, startApproach } from './rig.ts';

const proven = { id: 'p', text: 'Draw it first.', uses: 9, helped: 9, refinedAt: 9 };
const learning = { approach: 'spl', parameters: { learn: true } };

/** Finds every question to be about mathematics, and every strategy to help; creates one that is always the same. */
function script({ json }: { json: Json }) {
  if (json.temperature !== 0.1) return { content: 'the-answer' };
  const shown = JSON.stringify(json.messages.at(-1));
  if (!shown.includes('the-answer')) return { content: 'mathematics' };
  return { content: shown.includes('helped') ? '{"helped": [1]}' : 'Guess, and look how far off it is.' };
}

function start(storage: object, env: Record<string, string> = {}) {
  return startApproach(learning, { backends: { u: script }, settings: { storage }, env });
}

async function seeded(opening: Promise<Storage>): Promise<void> {
  const storage = await opening;
  await storage.strategies.save('anonymous', 'mathematics', [proven]);
  await storage.close();
}

const key = 'hr-admin-of-the-learning-test';
const asking = { temperature: 0.7 };
/** Asks until an answer has a strategy: on a slow machine the list may come too late for one. What it learned is done then. */
async function askUntilUsed(rig: ApproachRig): Promise<void> {
  for (let turn = 1; ; turn++) {
    const isUsed = used(await rig.chat(asking)) === 1;
    await rig.requests(turn);
    if (isUsed) return;
  }
}

const used = (answer: { text: string }) => JSON.parse(answer.text).headrace.spl.strategies;

it('what was learned outlives a restart', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'headrace-learning-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await seeded(openSqliteStorage(folder));
  const first = await start({ folder });
  await askUntilUsed(first);
  await first.gateway.gateway.close();
  const second = await start({ folder });
  await askUntilUsed(second);
  await second.gateway.gateway.close();
  const storage = await openSqliteStorage(folder);
  onTestFinished(() => storage.close());
  expect(await storage.strategies.load('anonymous', 'mathematics')).toMatchObject([
    { ...proven, uses: 11, helped: 11 },
    { text: 'Guess, and look how far off it is.' },
  ]);
});

const programs = findPostgres();

describe.skipIf(programs === undefined)('with a database that goes away', () => {
  let server: RealPostgres;
  beforeAll(async () => {
    server = await startPostgres(programs ?? '');
  }, 60_000);
  afterAll(() => server?.stop());

  it('answers go on with the strategies as they were last seen, and learning goes on when it is back', async () => {
    const url = await server.createDatabase();
    await seeded(openPostgresStorage(new Secret(url)));
    const rig = await start({ url });
    await askUntilUsed(rig);
    const before = (await rig.requests(1)).length;
    await server.kill();
    for (let turn = 0; turn < 3; turn++) {
      const answer = await rig.chat(asking);
      expect([answer.status, textOf(answer), used(answer)]).toEqual([200, 'the-answer', 1]);
    }
    await rig.requests(before + 3);
    await server.start();
    const usesNow = async () => {
      await rig.chat(asking);
      const storage = await openPostgresStorage(new Secret(url));
      const [first] = await storage.strategies.load('anonymous', 'mathematics');
      await storage.close();
      return first?.uses ?? 0;
    };
    await expect.poll(usesNow, { timeout: 20_000, interval: 200 }).toBeGreaterThan(10);
  }, 60_000);

  it('it is never there: answers are without any', async () => {
    const rig = await start({ url: 'postgres://headrace:secret@127.0.0.1:1/none' }, { HEADRACE_ADMIN_KEY: key });
    const answer = await rig.chat(asking, { headers: { authorization: `Bearer ${key}` } });
    expect([answer.status, textOf(answer), used(answer)]).toEqual([200, 'the-answer', 0]);
    expect((await rig.requests(1))[0]).toMatchObject({ outcome: 'complete' });
  });
});
