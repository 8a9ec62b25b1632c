// Shows how the gateway stands failing backends, leaving clients and greedy ones: npm run chaos [-- --quick] [PARTS...]
import { runFailover } from './failover.ts';
import { runFairness } from './fairness.ts';
import { runLeavers } from './leavers.ts';
import { runOutage } from './outage.ts';
import { runRecovery } from './recovery.ts';
import { formatReport, type Report } from './report.ts';

const isQuick = process.argv.includes('--quick');
const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));

const quickWays = ['ordered, no breaker'];
const quickModes = ['refuses', 'errors', 'cuts', 'wrong-length'];
const recoveryModes = ['refuses', 'errors', 'hangs', 'limits', 'error-first', 'empties'];

const parts: Readonly<Record<string, () => Promise<Report[]>>> = {
  failover: () => runFailover(isQuick ? { perTurn: 4, ways: quickWays } : { perTurn: 50 }),
  outage: () => runOutage(isQuick ? { requests: 8, only: quickModes } : { requests: 40 }),
  recovery: () => runRecovery(isQuick ? { modes: ['errors'], badSeconds: 1 } : { modes: recoveryModes, badSeconds: 3 }),
  leavers: () => runLeavers(isQuick ? { clients: 600, waves: 1 } : { clients: 1000, waves: 9 }),
  fairness: () => runFairness({ callMs: isQuick ? 40 : 100 }),
};

const unknown = wanted.filter((name) => !(name in parts));
if (unknown.length > 0) {
  process.stderr.write(`no such part: ${unknown.join(', ')}; there are ${Object.keys(parts).join(', ')}\n`);
  process.exit(2);
}
let isGood = true;
for (const [name, run] of Object.entries(parts)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const started = performance.now();
  for (const report of await run()) {
    process.stdout.write(`${formatReport(report)}\n`);
    isGood &&= report.checks.every((check) => check.isGood);
  }
  process.stdout.write(`(${name} took ${Math.round((performance.now() - started) / 1000)} s)\n\n`);
}
process.exitCode = isGood ? 0 : 1;
