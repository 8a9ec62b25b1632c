import type { Strategy } from '../config/route-config.ts';
import type { Balancer } from './balancer.ts';
import { leastBusy } from './least-busy.ts';
import { lowestCost } from './lowest-cost.ts';
import { lowestLatency } from './lowest-latency.ts';
import { ordered } from './ordered.ts';
import { race } from './race.ts';
import { weighted } from './weighted.ts';

/** Every strategy, by its name in `headrace.yaml`. */
export const balancers: Readonly<Record<Strategy, Balancer>> = {
  ordered,
  weighted,
  'least-busy': leastBusy,
  'lowest-latency': lowestLatency,
  'lowest-cost': lowestCost,
  race,
};
