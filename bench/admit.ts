// What admitting and settling a call costs over three levels of four limits each, in processor time of one thread.
import { MemoryGovernor } from '../src/limits/memory-governor.ts';
import { limits } from './twelve-limits.ts';

const rounds = 5;
const calls = 400_000;

function run(governor: MemoryGovernor, amount: number): number {
  const bound = governor.bind(limits);
  const before = process.cpuUsage();
  for (let i = 0; i < amount; i++) {
    const admission = governor.admit(bound, { requests: 1, tokens: 500, cost: 90_000 });
    if (!admission.admitted) throw new Error('refused');
    admission.grant.settle({ requests: 1, tokens: 321, cost: 70_000 });
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / amount;
}

run(new MemoryGovernor({ onSettled: () => {} }), 100_000);
const costs: number[] = [];
for (let round = 0; round < rounds; round++) {
  costs.push(run(new MemoryGovernor({ onSettled: () => {} }), calls));
}
costs.sort((one, other) => one - other);
console.log(
  `admit and settle over ${limits.length} limits: ${costs.map((cost) => cost.toFixed(2)).join(', ')} us of processor time a call`,
);
