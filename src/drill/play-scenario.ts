import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../config/config.ts';
import { type Gateway, startGateway } from '../gateway.ts';
import { openLog } from '../telemetry/log.ts';
import { ask } from './ask.ts';
import { drillConfig, drillKey } from './drill-config.ts';
import { type Counts, countAll, type FaultTimes, isServedBy } from './drill-result.ts';
import type { Fault, Scenario } from './scenarios.ts';
import { longestTry } from './shorter-times.ts';
import type { StandIns } from './stand-ins.ts';
import { steadyLoad } from './steady-load.ts';
import type { DrillCandidate, DrillTarget } from './targets.ts';

export interface DrillOptions {
  /** How long the load lasts; the fault is there in its second third. */
  readonly seconds: number;
  /** Requests per second. */
  readonly rate: number;
  /** How many seconds more it lasts at most, until the candidate serves again. */
  readonly patience: number;
  /** Whether the rates of models and keys hold. */
  readonly limits: boolean;
}

export interface Play {
  readonly scenario: Scenario;
  readonly target: DrillTarget;
  /** Where the fault strikes. */
  readonly candidate: DrillCandidate;
  /** As the user has it. */
  readonly config: Config;
  readonly standIns: StandIns;
  readonly options: DrillOptions;
}

/** No request is waited for any longer. */
const longestAnswerMs = 30_000;

/** Plays one scenario against a gateway of its own, so that nothing of it is left over for the next one. */
export async function playScenario(play: Play): Promise<Counts> {
  const { config, standIns, candidate, options } = play;
  await standIns.reset();
  const { timeoutMs } = candidate.backend;
  const longestTryMs = longestTry(options.seconds);
  const made = drillConfig(config, { standIns, limits: options.limits, timeoutMs, longestTryMs });
  // An empty environment: no proxies, no traces.
  const gateway = await startGateway(made, { log: openLog('silent'), env: {} });
  const agent = new Agent({ keepAlive: true });
  try {
    return await putUnderLoad(play, gateway, agent);
  } finally {
    gateway.cut();
    agent.destroy();
    await gateway.close();
  }
}

async function putUnderLoad(play: Play, gateway: Gateway, agent: Agent): Promise<Counts> {
  const { scenario, candidate, options } = play;
  const send = (turn: number) => ask(questionOf(play, turn, `http://127.0.0.1:${gateway.port}`, agent));
  for (const turn of [-2, -1]) await send(turn); // what is slow only once
  const lastsMs = options.seconds * 1000;
  const startedAt = performance.now();
  let times: FaultTimes | undefined;
  let hasServed = false;
  let servesAgain = false;
  const fault = scenario.fault && inSecondThird(scenario.fault, play, lastsMs, startedAt);
  const watched = async (turn: number) => {
    const asked = await send(turn);
    if (asked.ending === 'whole' && isServedBy(asked, candidate)) {
      hasServed = true;
      servesAgain ||= times !== undefined && asked.startedAt >= times.to;
    }
    return asked;
  };
  const isOver = () => {
    const elapsedMs = performance.now() - startedAt;
    if (elapsedMs < lastsMs) return false;
    // One that never served will not serve again.
    return fault === undefined || !hasServed || servesAgain || elapsedMs >= lastsMs + options.patience * 1000;
  };
  const settled = fault?.then((there) => {
    times = there;
  });
  const [asked] = await Promise.all([steadyLoad({ rate: options.rate, send: watched, isOver }), settled]);
  return countAll(asked, candidate, times);
}

async function inSecondThird(
  fault: Fault,
  { standIns, candidate }: Play,
  lastsMs: number,
  startedAt: number,
): Promise<FaultTimes> {
  const standIn = standIns.of(candidate.backend);
  await sleep(Math.max(0, startedAt + lastsMs / 3 - performance.now()));
  const from = performance.now();
  await standIn.strike(fault, candidate.model);
  await sleep(Math.max(0, startedAt + (lastsMs * 2) / 3 - performance.now()));
  await standIn.heal();
  return { from, to: performance.now() };
}

/** Every other one is a stream, unless the candidate has none; each is a conversation of its own. */
function questionOf({ target, candidate, scenario }: Play, turn: number, url: string, agent: Agent) {
  const stream = turn % 2 !== 0 && candidate.abilities?.has('streaming') !== false;
  const content = `Request ${turn} of the drill ${scenario.name}: say a few words.`;
  const metadata = firstValues(candidate.metadata);
  const body = JSON.stringify({
    model: target.asks,
    messages: [{ role: 'user', content }],
    ...(stream && { stream }),
    ...(candidate.metadata.size > 0 && { metadata }),
  });
  const headers = { ...firstValues(candidate.headers), authorization: `Bearer ${drillKey.reveal()}` };
  return { url: `${url}/v1/chat/completions`, body, stream, headers, agent, patienceMs: longestAnswerMs };
}

function firstValues(conditions: ReadonlyMap<string, readonly string[]>): Record<string, string> {
  return Object.fromEntries([...conditions].map(([name, values]) => [name, values[0] ?? '']));
}
