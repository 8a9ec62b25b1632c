import type { Config } from '../config/config.ts';
import type { Counts } from './drill-result.ts';
import { type DrillOptions, playScenario } from './play-scenario.ts';
import type { Scenario } from './scenarios.ts';
import { StandIns } from './stand-ins.ts';
import type { DrillCandidate, DrillTarget } from './targets.ts';
import { verdictOf } from './verdict.ts';

export interface DrillPlan extends DrillOptions {
  readonly config: Config;
  readonly targets: readonly DrillTarget[];
  readonly scenarios: readonly Scenario[];
  /** Whether every candidate fails in turn, and not only the first. */
  readonly each: boolean;
  /** Told what is played next. */
  readonly onPlay: (target: DrillTarget, candidate: DrillCandidate, scenario: Scenario) => void;
}

/** One scenario that was played. */
export interface DrillRun extends Counts {
  readonly scenario: string;
  /** Where the fault was, such as `openai:gpt-4.1`. */
  readonly candidate: string;
  readonly verdict: string;
  /** Whether a request was lost before its first output that should not have been. */
  readonly isLoss: boolean;
}

/** What came of one route. */
export interface TargetDrill {
  readonly target: DrillTarget;
  readonly runs: readonly DrillRun[];
}

/** Plays all scenarios at all targets, one after another, and gives each target as soon as it is done. */
export async function* runDrill(plan: DrillPlan): AsyncGenerator<TargetDrill> {
  const standIns = await StandIns.start(plan.config);
  try {
    for (const target of plan.targets) yield { target, runs: await drillTarget(target, plan, standIns) };
  } finally {
    await standIns.close();
  }
}

async function drillTarget(target: DrillTarget, plan: DrillPlan, standIns: StandIns): Promise<DrillRun[]> {
  const runs: DrillRun[] = [];
  for (const [place, candidate] of (plan.each ? target.candidates : target.candidates.slice(0, 1)).entries()) {
    for (const scenario of plan.scenarios) {
      if (scenario.fault === undefined && place > 0) continue; // the same again
      plan.onPlay(target, candidate, scenario);
      const { config, patience } = plan;
      const counts = await playScenario({ scenario, target, candidate, config, standIns, options: plan });
      const isLoss = counts.failed > 0 && (target.candidates.length > 1 || scenario.fault === undefined);
      const verdict = verdictOf({ scenario, target, candidate, counts, patience });
      runs.push({ ...counts, scenario: scenario.name, candidate: candidate.label, verdict, isLoss });
    }
  }
  return runs;
}
