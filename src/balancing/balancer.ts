import type { Candidate, Route } from '../types/route.ts';

/** Puts a route's candidates in the order in which they are to be tried; failing over is taking the next one. */
export type Balancer = (route: Route) => Iterable<Candidate>;
