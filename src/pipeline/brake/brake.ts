import type { RepetitionConfig } from '../../config/brake-settings.ts';
import { costOf, type TokenPrices } from '../../models/cost.ts';
import type { Answer } from '../../types/answer.ts';
import type { Call } from '../../types/call.ts';
import type { Candidate, Route } from '../../types/route.ts';
import type { Usage } from '../../types/usage.ts';
import type { AdmissionPorts, CallerGrant } from '../admit-caller.ts';
import { countPrompt, promptBound, tokenizerOf } from '../call-size.ts';
import type { Run } from '../run.ts';
import { BrakedStream } from './braked-stream.ts';
import { OutputBudget } from './output-budget.ts';
import { hasBudget, Purse, type Taken } from './purse.ts';

export interface BrakePorts extends AdmissionPorts {
  /** From when on streams are ended that repeat themselves, where their route says nothing; undefined: never. */
  readonly repetition?: RepetitionConfig | undefined;
  /** Told of a failure that no client can be told of. */
  readonly failed: (error: unknown) => void;
}

/** The brake of all streams of one request. */
export class Brake {
  readonly #run: Run;
  readonly #ports: BrakePorts;
  #purse: Purse | undefined;

  constructor(run: Run, ports: BrakePorts) {
    this.#run = run;
    this.#ports = ports;
  }

  /** Whether anything could end a stream of this route. */
  isNeeded(call: Call, route: Route): boolean {
    if (!call.stream || !call.protocol.generates) return false;
    const limits = this.#run.admitted?.limits;
    return this.#repetition(route) !== undefined || (limits !== undefined && hasBudget(limits));
  }

  /** The answer to a call, as a stream that is ended when it must; what is no stream stays as it is. */
  async hold(answer: Answer, call: Call, route: Route): Promise<Answer> {
    const { body } = answer;
    if (Buffer.isBuffer(body)) return answer;
    const candidate = candidateOf(answer, route);
    const { failed } = this.#ports;
    const stream = new BrakedStream(body, answer.finished, {
      call,
      budget: await this.#budget(call, candidate),
      repetition: this.#repetition(route),
      count: (text) => this.#count(call, candidate, text),
      stopped: (stop) => {
        this.#run.stopped = stop;
      },
      failed,
    });
    return { ...answer, body: stream, finished: stream.finished };
  }

  #repetition({ policy }: Route): RepetitionConfig | undefined {
    const rule = policy.repetition ?? this.#ports.repetition;
    return rule === 'off' ? undefined : rule;
  }

  async #budget(call: Call, candidate: Candidate): Promise<OutputBudget | undefined> {
    const { admitted, approach } = this.#run;
    if (admitted === undefined || !hasBudget(admitted.limits)) return undefined;
    const prices = admitted.limits.needsCost ? await this.#prices(candidate) : undefined;
    const countText = async (text: string) => {
      const [tokens] = await this.#ports.counter.count([text], tokenizerOf(candidate));
      return tokens ?? 0;
    };
    const countThis = () => this.#countPrompt(call, candidate);
    // What was reserved for a plain call has its prompt in it; of an approach's calls each has its own.
    const known = approach === undefined ? admitted.promptTokens : promptBound(call, only(candidate));
    const bound = known ?? (await this.#orElse(countThis, call.body.length));
    return new OutputBudget(bound, {
      purse: this.#purseOf(admitted),
      taken: (promptTokens, completionTokens) => this.#taken(promptTokens, completionTokens, prices),
      countPrompt: () => this.#orElse(countThis, bound),
      // A token is at least a byte.
      countText: (text) => this.#orElse(() => countText(text), Buffer.byteLength(text)),
    });
  }

  #purseOf({ grant, demand, limits }: CallerGrant): Purse {
    this.#purse ??= new Purse(grant, demand, limits, this.#ports.governor);
    return this.#purse;
  }

  async #prices({ backend, model, prices }: Candidate): Promise<TokenPrices | undefined> {
    return this.#ports.prices.prices({ backend: backend.config, model, prices });
  }

  /** What this call takes, with all that is over of an approach's. */
  #taken(promptTokens: number, completionTokens: number, prices: TokenPrices | undefined): Taken {
    const usage = { promptTokens, completionTokens, cachedTokens: undefined };
    let tokens = promptTokens + completionTokens;
    let cost = (prices && costOf(prices, usage)) ?? 0;
    for (const one of this.#run.approach?.record().models ?? []) {
      tokens += one.usage.totalTokens ?? 0;
      cost += Math.ceil(one.cost ?? 0);
    }
    return { tokens, cost };
  }

  async #count(call: Call, candidate: Candidate, text: string): Promise<Usage> {
    const promptTokens = await this.#countPrompt(call, candidate);
    const [completionTokens = 0] = text === '' ? [] : await this.#ports.counter.count([text], tokenizerOf(candidate));
    const totalTokens = promptTokens + completionTokens;
    return { promptTokens, completionTokens, totalTokens, cachedTokens: undefined, reasoningTokens: undefined };
  }

  #countPrompt(call: Call, candidate: Candidate): Promise<number> {
    const unhurried = { ...call, signal: new AbortController().signal }; // the client may have left
    return countPrompt(unhurried, only(candidate), this.#ports.counter);
  }

  async #orElse(count: () => Promise<number>, bound: number): Promise<number> {
    try {
      return await count();
    } catch (error) {
      this.#ports.failed(error);
      return bound;
    }
  }
}

function candidateOf({ backend, model }: Answer, { candidates }: Route): Candidate {
  const found = candidates.find((one) => one.backend.config.name === backend && one.model === model);
  if (found === undefined) throw new Error('an answer of none of its candidates');
  return found;
}

function only(candidate: Candidate): Pick<Route, 'candidates'> {
  return { candidates: [candidate] };
}
