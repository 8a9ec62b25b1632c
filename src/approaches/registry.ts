import { bon } from './solvers/bon.ts';
import { cepo } from './solvers/cepo.ts';
import { cotReflection } from './solvers/cot-reflection.ts';
import { deepconf } from './solvers/deepconf.ts';
import { deepthink } from './solvers/deepthink.ts';
import { genselect } from './solvers/genselect.ts';
import { leap } from './solvers/leap.ts';
import { mars } from './solvers/mars.ts';
import { mcts } from './solvers/mcts.ts';
import { moa } from './solvers/moa.ts';
import { plansearch } from './solvers/plansearch.ts';
import { pvg } from './solvers/pvg.ts';
import { re2 } from './solvers/re2.ts';
import { rstar } from './solvers/rstar.ts';
import { rto } from './solvers/rto.ts';
import { majorityVoting, selfConsistency } from './solvers/self-consistency.ts';
import type { Stage } from './stage.ts';
import { readurls } from './transforms/readurls.ts';
import { json } from './wrappers/json.ts';
import { memory } from './wrappers/memory.ts';
import { privacy } from './wrappers/privacy.ts';

/** All stages of which approaches are made; a new one is one file and one line here. */
const all = [
  bon,
  cepo,
  cotReflection,
  deepconf,
  deepthink,
  genselect,
  json,
  leap,
  majorityVoting,
  mars,
  mcts,
  memory,
  moa,
  plansearch,
  privacy,
  pvg,
  re2,
  readurls,
  rstar,
  rto,
  selfConsistency,
] as unknown as readonly Stage[];

/** By name. */
export const stages: ReadonlyMap<string, Stage> = new Map(all.map((stage) => [stage.name, stage]));
