// Shows that limits, budgets and usage stay exact over several instances, whatever ends: npm run reliability
// [-- --seconds 60] [--clients 200] [stores] [kill]
import { parseArgs } from 'node:util';
import { formatReport, type Report } from '../chaos/report.ts';
import { runKilledInstance } from './killed-instance.ts';
import { runLostStores } from './lost-stores.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seconds: { type: 'string', default: '60' }, clients: { type: 'string', default: '200' } },
});
const seconds = Number(values.seconds);
const clients = Number(values.clients);
const parts: Readonly<Record<string, () => Promise<Report>>> = {
  stores: () => runLostStores(seconds, clients),
  kill: () => runKilledInstance(Math.min(20, seconds), clients),
};
const unknown = positionals.filter((name) => !(name in parts));
if (unknown.length > 0 || !(seconds > 0) || !(clients > 0)) {
  process.stderr.write(`usage: run.ts [--seconds N] [--clients N] [${Object.keys(parts).join('] [')}]\n`);
  process.exit(2);
}
let isGood = true;
for (const [name, run] of Object.entries(parts)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  const report = await run();
  process.stdout.write(`${formatReport(report)}\n`);
  isGood &&= report.checks.every((check) => check.isGood);
}
process.exitCode = isGood ? 0 : 1;
