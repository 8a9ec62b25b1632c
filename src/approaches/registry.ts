import { bon } from './solvers/bon.ts';
import { cepo } from './solvers/cepo.ts';
import { coc } from './solvers/coc.ts';
import { cotReflection } from './solvers/cot-reflection.ts';
import { deepResearch } from './solvers/deep-research.ts';
import { deepconf } from './solvers/deepconf.ts';
import { deepthink } from './solvers/deepthink.ts';
import { executecode } from './solvers/executecode.ts';
import { genselect } from './solvers/genselect.ts';
import { leap } from './solvers/leap.ts';
import { longcepo } from './solvers/longcepo.ts';
import { mars } from './solvers/mars.ts';
import { mcts } from './solvers/mcts.ts';
import { moa } from './solvers/moa.ts';
import { plansearch } from './solvers/plansearch.ts';
import { pvg } from './solvers/pvg.ts';
import { re2 } from './solvers/re2.ts';
import { createRouter } from './solvers/router.ts';
import { rstar } from './solvers/rstar.ts';
import { rto } from './solvers/rto.ts';
import { majorityVoting, selfConsistency } from './solvers/self-consistency.ts';
import { z3 } from './solvers/z3.ts';
import type { Stage } from './stage.ts';
import { readurls } from './transforms/readurls.ts';
import { webSearch } from './transforms/web-search.ts';
import { json } from './wrappers/json.ts';
import { mcp } from './wrappers/mcp.ts';
import { memory } from './wrappers/memory.ts';
import { privacy } from './wrappers/privacy.ts';
import { spl } from './wrappers/spl.ts';

/** All stages of which approaches are made; a new one is one file and one line here. */
const all: readonly Stage[] = [
  bon,
  cepo,
  coc,
  cotReflection,
  deepconf,
  deepResearch,
  deepthink,
  executecode,
  genselect,
  json,
  leap,
  longcepo,
  majorityVoting,
  mars,
  mcp,
  mcts,
  memory,
  moa,
  plansearch,
  privacy,
  pvg,
  re2,
  readurls,
  createRouter(() => stages),
  rstar,
  rto,
  selfConsistency,
  spl,
  webSearch,
  z3,
] as unknown as readonly Stage[];

/** By name. */
export const stages: ReadonlyMap<string, Stage> = new Map(all.map((stage) => [stage.name, stage]));
