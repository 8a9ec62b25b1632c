import type { Finish } from '../types/answer.ts';
import type { Call } from '../types/call.ts';
import { addUsage, type Usage } from '../types/usage.ts';
import type { ApproachRecord } from '../types/usage-record.ts';
import type { AdmissionPorts } from './admit-caller.ts';
import { countPrompt, tokenizerOf } from './call-size.ts';
import type { Run } from './run.ts';

/** What a call took in truth, over all upstream calls that were made for it. */
export interface Spent {
  /** Undefined: nothing was taken, as far as is known. */
  readonly usage: Usage | undefined;
  /** Whether the backend said so, or the gateway counted it. */
  readonly source: 'reported' | 'counted' | 'none';
  /** Nano-dollars; undefined: a price is not known, which is not 0. */
  readonly cost: number | undefined;
}

const nothing: Spent = { usage: undefined, source: 'none', cost: 0 };

interface SettlePorts extends AdmissionPorts {
  /** Told of a failure that no client can be told of. */
  readonly failed: (error: unknown) => void;
}

/**
 * Puts the truth in place of what was reserved for a call, whatever became of it; a call that never went out counts for
 * nothing. What was spent is then in the run. It does so once.
 * @param finish undefined: the call ended without an answer
 * @returns undefined where there is nothing to wait for
 */
export function settleCaller(
  call: Call | undefined,
  run: Run,
  finish: Finish | undefined,
  ports: SettlePorts,
): Promise<void> | undefined {
  const { admitted } = run;
  if (run.spent !== undefined || (admitted === undefined && !ports.costsWanted)) return undefined;
  if (call === undefined || run.attempts.count === 0) {
    run.spent = nothing;
    admitted?.grant.release();
    return undefined;
  }
  return settleSpent(call, run, finish, ports);
}

async function settleSpent(call: Call, run: Run, finish: Finish | undefined, ports: SettlePorts): Promise<void> {
  const { admitted } = run;
  try {
    const spent = await measureSpent(call, run, finish, ports);
    run.spent = spent;
    learn(run, spent, finish, ports);
    // Of an unknown price what was reserved counts.
    admitted?.grant.settle({ requests: 1, tokens: tokensOf(spent), cost: spent.cost ?? Number.NaN });
  } catch (error) {
    admitted?.grant.settle({ ...admitted.demand, requests: 1 });
    ports.failed(error);
  }
}

/** Whether what was spent is known without counting, so that an answer can say it. */
export function isSpentKnown(run: Run, finish: Finish): boolean {
  return run.approach !== undefined || finish.usage?.totalTokens !== undefined;
}

async function measureSpent(call: Call, run: Run, finish: Finish | undefined, ports: AdmissionPorts): Promise<Spent> {
  if (run.approach !== undefined) return spentOfApproach(run.approach.record());
  const { candidate } = run.attempts;
  // A call that failed takes no tokens, but one that the client left has had its prompt read.
  if (candidate === undefined || (finish === undefined && !call.signal.aborted)) return nothing;
  const reported = finish?.usage?.totalTokens === undefined ? undefined : finish.usage;
  const usage = reported ?? (await countUsage(call, run, finish, ports));
  const { backend, model, prices } = candidate;
  const cost = await ports.prices.cost({ backend: backend.config, model, prices }, usage);
  return { usage, source: reported === undefined || run.stopped?.isCounted ? 'counted' : 'reported', cost };
}

function spentOfApproach({ models }: ApproachRecord): Spent {
  const [first, ...others] = models;
  if (first === undefined) return nothing;
  let { usage, cost } = first;
  for (const one of others) {
    usage = addUsage(usage, one.usage);
    cost = cost === undefined || one.cost === undefined ? undefined : cost + one.cost;
  }
  return { usage, source: 'reported', cost: cost === undefined ? undefined : Math.ceil(cost) };
}

/** The prompt and the text that came, where the backend said nothing. */
async function countUsage(
  call: Call,
  { attempts, route }: Run,
  finish: Finish | undefined,
  { counter }: AdmissionPorts,
): Promise<Usage> {
  const { candidate } = attempts;
  const text = finish?.text?.() ?? '';
  const unhurried = { ...call, signal: new AbortController().signal }; // the client may have left
  const asked = candidate === undefined ? [] : [candidate];
  const promptTokens = route === undefined ? 0 : await countPrompt(unhurried, { ...route, candidates: asked }, counter);
  const [completionTokens = 0] = text === '' ? [] : await counter.count([text], tokenizerOf(candidate));
  const totalTokens = promptTokens + completionTokens;
  return { promptTokens, completionTokens, totalTokens, cachedTokens: undefined, reasoningTokens: undefined };
}

function tokensOf({ usage }: Spent): number {
  return usage?.totalTokens ?? (usage?.promptTokens ?? 0) + (usage?.completionTokens ?? 0);
}

/** How long the answer was, for those to come; one that broke off says nothing. */
function learn(
  { admitted, approach, stopped }: Run,
  { usage }: Spent,
  finish: Finish | undefined,
  ports: AdmissionPorts,
): void {
  if (admitted === undefined || approach !== undefined || finish?.outcome !== 'complete' || stopped) return;
  const { asked, choices, caller } = admitted;
  if (usage?.completionTokens === undefined || !asked.call.protocol.generates) return;
  ports.outputs.learn(caller, asked.route.name, usage.completionTokens / choices);
}
