import type { Balancer } from './balancer.ts';

/** In the order in which they are written. */
export const ordered: Balancer = (route) => route.candidates;
