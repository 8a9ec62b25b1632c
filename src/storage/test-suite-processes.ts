import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import type { StorageTests, TestPlace } from './test-suite.ts';

const all = { from: 0, to: 4_000_000_000_000 };
const childFile = fileURLToPath(new URL('./test-child.ts', import.meta.url));

function child({ childArguments }: TestPlace, ...task: string[]) {
  return spawn(process.execPath, [childFile, ...childArguments, ...task]);
}

export const processTests: StorageTests = {
  'eight processes open a new store at once, and each sees what all have written': async (store) => {
    const place = await store.fresh();
    const ends = Array.from({ length: 8 }, async (_, number) => {
      const process = child(place, 'delete-packages', String(number));
      let said = '';
      process.stderr.on('data', (piece) => {
        said += piece;
      });
      const [code] = await once(process, 'close');
      return [code, said];
    });
    expect(await Promise.all(ends)).toEqual(Array(8).fill([0, '']));
    const storage = await place.open();
    expect(await storage.packages.deleted()).toHaveLength(40);
    expect(await storage.revision()).toBe(0);
  },

  'a process that is killed while it writes leaves whole batches, each once': async (store) => {
    const place = await store.fresh();
    const storage = await place.open();
    const written: number[] = [];
    for (const [turn, most] of [3, 11, 24].entries()) {
      const process = child(place, 'write-batches', `turn${turn}`);
      let said = '';
      for await (const piece of process.stdout) {
        said += piece;
        if (said.split('\n').length > most) break;
      }
      process.kill('SIGKILL');
      await once(process, 'close').catch(() => {});
      written.push(said.split('\n').length - 1);
    }
    const [sum] = await storage.usage.sums({ ...all, by: [] });
    const least = written.reduce((one, other) => one + other) * 50;
    expect(sum?.calls).toBeGreaterThanOrEqual(least);
    expect((sum?.calls ?? 1) % 50).toBe(0);
    const { rows } = await storage.usage.rows({ ...all, limit: 100_000 });
    expect(rows).toHaveLength(sum?.calls ?? -1);
    expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
    expect(await storage.usage.counters([{ limitId: 'limit', periodStart: 0 }])).toMatchObject([{ used: sum?.calls }]);
  },
};
