// What admitting and settling costs through leases, beside one process alone: three levels of four limits each.
import type { Governor } from '../src/limits/governor.ts';
import { LeaseGovernor } from '../src/limits/leases/lease-governor.ts';
import { MemoryAuthority } from '../src/limits/leases/memory-authority.ts';
import { MemoryGovernor } from '../src/limits/memory-governor.ts';
import { limits } from './twelve-limits.ts';

const rounds = 5;
const turns = 200;
const callsOfTurn = 1000;

/** With turns of the event loop between, so that what a member tells its authority is in it. */
async function run(governor: Governor): Promise<number> {
  const bound = governor.bind(limits);
  const demand = { requests: 1, tokens: 500, cost: 90_000 };
  const first = await governor.admit(bound, demand);
  if (first.admitted) first.grant.release();
  const before = process.cpuUsage();
  for (let turn = 0; turn < turns; turn++) {
    for (let i = 0; i < callsOfTurn; i++) {
      const admission = governor.admit(bound, demand);
      if (admission instanceof Promise || !admission.admitted) throw new Error('not admitted at once');
      admission.grant.settle({ requests: 1, tokens: 321, cost: 70_000 });
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { user, system } = process.cpuUsage(before);
  await governor.close();
  return (user + system) / (turns * callsOfTurn);
}

const kindsOfGovernors: Readonly<Record<string, () => Governor>> = {
  'in memory': () => new MemoryGovernor({ onSettled: () => {} }),
  'through leases': () =>
    new LeaseGovernor({ authority: new MemoryAuthority(), whenLost: 'share', onSettled: () => {} }),
};
for (const [name, create] of Object.entries(kindsOfGovernors)) {
  await run(create());
  const costs: number[] = [];
  for (let round = 0; round < rounds; round++) costs.push(await run(create()));
  costs.sort((one, other) => one - other);
  const shown = costs.map((cost) => cost.toFixed(2)).join(', ');
  console.log(`${name}, over ${limits.length} limits: ${shown} us of processor time a call`);
}
