import { expect, it } from 'vitest';
import { runCommand } from '../../test/harness/command-line.ts';
import { writeConfig } from '../../test/harness/test-gateway.ts';
import { openSqliteStorage } from '../storage/sqlite-storage.ts';
import { batchOf, callOf } from '../storage/test-samples.ts';

async function usage(cwd: string, ...args: string[]) {
  const command = runCommand(['usage', ...args], { cwd });
  const { code } = await command.exit;
  return { code, out: command.stdout(), error: command.stderr() };
}

it('shows sums and calls of the storage, and says what it does not understand', { timeout: 60_000 }, async () => {
  const cwd = await writeConfig({ 'config/headrace.yaml': 'storage: {folder: ../state}\n' });
  const storage = await openSqliteStorage(`${cwd}/state`, () => {});
  const at = Date.now() - 5000;
  await storage.usage.write(
    batchOf('b', [
      callOf('1', { at, key_name: 'alice', cost: 1_500_000_000 }),
      callOf('2', { at: at + 1, key_name: 'bob', cost: null, model: '=m' }),
    ]),
  );
  await storage.close();
  const table = await usage(cwd, '--group-by', 'key');
  expect(table.code).toBe(0);
  expect(table.out.split('\n').map((line) => line.split(/ +/))).toEqual([
    ['KEY', 'CALLS', 'PROMPT', 'COMPLETION', 'TOKENS', 'COST', 'UNPRICED'],
    ['alice', '1', '10', '5', '15', '$1.50', '0'],
    ['bob', '1', '10', '5', '15', 'unknown', '1'],
    [''],
  ]);
  const csv = await usage(cwd, '--group-by', 'model', '--key', 'bob', '--format', 'csv');
  expect(csv.out).toBe(
    "model,calls,prompt_tokens,completion_tokens,total_tokens,cached_tokens,reasoning_tokens,cost,unpriced,average_ms\r\n'=m,1,10,5,15,2,1,,1,100\r\n",
  );
  const calls = (await usage(cwd, '--calls', '--format', 'json')).out.trim().split('\n');
  expect(calls.map((line) => JSON.parse(line))).toMatchObject([
    { key: 'bob', cost: null },
    { key: 'alice', cost: 1.5 },
  ]);
  const wrong = await usage(cwd, '--group-by', 'colour');
  expect([wrong.code, wrong.error]).toEqual([1, expect.stringContaining('group_by must be one or several of')]);
});
