import { expect, it } from 'vitest';
import { runFailover } from './failover.ts';

it('loses nothing and counts each answer once while each of three backends fails in turn', async () => {
  const modes = ['errors', 'cuts', 'garbage', 'empties'];
  const reports = await runFailover({ perTurn: 8, modes, ways: ['ordered, no breaker'] });
  const checks = reports.flatMap((report) => report.checks);
  expect(checks.length).toBeGreaterThan(8);
  expect(checks.filter(({ isGood }) => !isGood)).toEqual([]);
  expect(reports[0]?.rows.at(-1)?.[1]).toBe(8 * 3 * modes.length);
});
