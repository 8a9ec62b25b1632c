import type { Config } from '../config/config.ts';
import { didYouMean } from '../config/suggest.ts';
import { type DrillFacts, drillJson, endText, headText, targetText } from '../drill/drill-report.ts';
import { type DrillPlan, runDrill, type TargetDrill } from '../drill/run-drill.ts';
import { type Scenario, scenarios } from '../drill/scenarios.ts';
import { describeShorterTimes, longestTry } from '../drill/shorter-times.ts';
import { allTargets, type DrillTarget, findTarget } from '../drill/targets.ts';
import type { DrillFlags } from './drill-options.ts';
import { loadOrComplain } from './load.ts';

/**
 * `headrace drill`: plays faults against the configuration with scripted servers in place of all backends. Exit code 1
 * if a route with several candidates lost a request before its first output, or any lost one without a fault.
 * @param route only this one
 */
export async function drill(route: string | undefined, flags: DrillFlags): Promise<void> {
  const { seconds, rate, patience, scenarios: names, each, limits, json, ...configFlags } = flags;
  const chosen = chooseScenarios(names);
  if (typeof chosen === 'string') return complain(chosen);
  const config = await loadOrComplain(configFlags);
  if (config === undefined) return;
  const targets = chooseTargets(route, config);
  if (typeof targets === 'string') return complain(targets);
  const load = { seconds, rate, patience, limits: limits === true };
  const plan = { ...load, config, targets, scenarios: chosen, each: each === true, onPlay: showProgress };
  const facts = { ...load, shortened: shortenedFor(targets, config, longestTry(seconds)), startedAt: new Date() };
  const drills = await play(plan, facts, json === true);
  if (drills.some(({ runs }) => runs.some((run) => run.isLoss))) process.exitCode = 1;
}

async function play(plan: DrillPlan, facts: DrillFacts, isJson: boolean): Promise<TargetDrill[]> {
  const drills: TargetDrill[] = [];
  if (!isJson) process.stdout.write(headText(facts));
  for await (const one of runDrill(plan)) {
    drills.push(one);
    clearProgress();
    if (!isJson) process.stdout.write(targetText(one));
  }
  process.stdout.write(isJson ? `${JSON.stringify(drillJson(facts, drills), undefined, 2)}\n` : endText(drills));
  return drills;
}

/** What is played; a text says why nothing is. */
function chooseScenarios(names: string | undefined): readonly Scenario[] | string {
  if (names === undefined) return scenarios;
  const known = scenarios.map(({ name }) => name);
  const asked = names.split(',').map((name) => name.trim());
  const unknown = asked.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    return `--scenarios: there is no scenario "${unknown}"${didYouMean(unknown, known)}; there are: ${known.join(', ')}`;
  }
  return scenarios.filter(({ name }) => asked.includes(name));
}

function chooseTargets(route: string | undefined, config: Config): readonly DrillTarget[] | string {
  const all = allTargets(config);
  if (route === undefined) {
    return all.length > 0 ? all : 'there is nothing to drill; configure a backend, or give --base-url URL';
  }
  const found = findTarget(route, config);
  if (found !== undefined) return [found];
  const names = all.map(({ name }) => name);
  return `there is no route "${route}"${didYouMean(route, names)}; there are: ${names.join(', ')}`;
}

function shortenedFor(targets: readonly DrillTarget[], config: Config, longestTryMs: number): string[] {
  const backends = new Set(targets.flatMap(({ candidates }) => candidates.map(({ backend }) => backend)));
  const names = new Set(targets.map(({ name }) => name));
  const routes = [...config.routes.values(), ...(config.defaultRoute === undefined ? [] : [config.defaultRoute])];
  return describeShorterTimes(
    backends,
    routes.filter(({ name }) => names.has(name)),
    longestTryMs,
  );
}

const showProgress: DrillPlan['onPlay'] = (target, candidate, scenario) => {
  if (!process.stderr.isTTY) return;
  process.stderr.write(`\r\u001b[K${target.name}: ${scenario.name} at ${candidate.label} ...`);
};

function clearProgress(): void {
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
}

function complain(text: string): void {
  process.stderr.write(`headrace: ${text}\n`);
  process.exitCode = 1;
}
