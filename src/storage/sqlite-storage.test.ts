import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { openSqliteStorage } from './sqlite-storage.ts';

it('is opened by several processes at the same time, all of which see what each wrote', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'headrace-storage-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const module = new URL('./sqlite-storage.ts', import.meta.url).href;
  const script = `
    const { openSqliteStorage } = await import(${JSON.stringify(module)});
    for (let turn = 0; turn < 5; turn++) {
      const storage = await openSqliteStorage(${JSON.stringify(folder)});
      storage.addDeletedPackage(process.argv[1] + ' ' + turn, 'test');
      storage.close();
    }`;
  const ends = Array.from({ length: 6 }, async (_, number) => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', script, String(number)]);
    let said = '';
    child.stderr.on('data', (piece) => {
      said += piece;
    });
    const [code] = await once(child, 'close');
    return [code, said];
  });
  expect(await Promise.all(ends)).toEqual(Array(6).fill([0, '']));
  const storage = await openSqliteStorage(folder);
  expect(storage.deletedPackages()).toHaveLength(30);
  storage.forgetDeletedPackages(['0 0', '5 4']);
  expect(storage.deletedPackages()).toHaveLength(28);
  storage.close();
});
