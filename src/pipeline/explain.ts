import { UpstreamFailure } from '../backends/backend.ts';
import { encodeBody } from '../backends/encode-body.ts';
import type { BackendConfig, PoolKey } from '../config/backend-config.ts';
import type { Config } from '../config/config.ts';
import { GatewayError } from '../gateway-error.ts';
import type { Directory } from '../models/directory.ts';
import type { PromptTokens, TokenCounter } from '../models/token-counter.ts';
import { parseCall } from '../protocols/parse-call.ts';
import type { Call, FittedCall } from '../types/call.ts';
import type { Protocol } from '../types/protocol.ts';
import type { Candidate, Route } from '../types/route.ts';
import { explainBody } from './explain-body.ts';
import { type ExplainedCaller, explainAdmission, explainCaller } from './explain-caller.ts';
import { describeCost, explainCandidates, explainPolicy } from './explain-candidates.ts';
import { explainLimits } from './explain-limits.ts';
import { explainName } from './explain-name.ts';
import { explainPlan } from './explain-plan.ts';
import { fit } from './fit.ts';
import { overrideFields } from './override-fields.ts';
import { mayUse, resolve, resolveName } from './resolve.ts';
import { approachPrefix, type PipelinePorts } from './run.ts';

/** One thing that is known of a request, such as `upstream` and `POST http://...`. */
export interface Fact {
  readonly label: string;
  /** One line. Never holds a secret or a part of one. */
  readonly text: string;
}

export type Say = (label: string, text: string) => void;

/** What would become of a request. */
export interface Explanation {
  /** In the order in which the gateway finds them out; up to the refusal, where there is one. */
  readonly facts: readonly Fact[];
  /** The error that the client would get; undefined: the request would be sent. */
  readonly refusal: GatewayError | undefined;
}

/**
 * Takes a request through the stages of the pipeline up to the backend's door, without sending anything. What only a
 * running gateway knows (how much of a rate is left, whether a backend answers) is not judged.
 * @param by undefined: somebody without limits, who may use all models
 */
export async function explainCall(
  protocol: Protocol,
  body: Buffer,
  config: Config,
  ports: PipelinePorts,
  by?: ExplainedCaller,
): Promise<Explanation> {
  const facts: Fact[] = [];
  const say: Say = (label, text) => void facts.push({ label, text });
  try {
    await tell(protocol, body, { config, ports, by }, say);
    return { facts, refusal: undefined };
  } catch (thrown) {
    if (thrown instanceof UpstreamFailure) return { facts, refusal: thrown.error };
    if (thrown instanceof GatewayError) return { facts, refusal: thrown };
    throw thrown;
  }
}

interface Known {
  readonly config: Config;
  readonly ports: PipelinePorts;
  readonly by: ExplainedCaller | undefined;
}

async function tell(protocol: Protocol, body: Buffer, known: Known, say: Say): Promise<void> {
  const { config, ports, by } = known;
  say('request', `POST /v1${protocol.path}, ${body.length} bytes`);
  if (by !== undefined) explainCaller(by, say);
  const { signal } = new AbortController();
  const call = parseCall(protocol, { id: 'explain', body, signal, receivedAt: performance.now(), forwardHeaders: [] });
  if (protocol.generates) say('stream', call.stream ? 'yes' : 'no');
  say('model asked', call.model === '' ? 'none' : JSON.stringify(call.model));
  const prefix = approachPrefix(call.model, ports);
  if (prefix !== undefined) say('prefix', `the approach ${prefix.name} for the model ${JSON.stringify(prefix.model)}`);
  const name = prefix?.model ?? call.model;
  const asked = explainName(name, config, ports.directory, say);
  if (by === undefined) explainKeys(call, asked, config, ports.directory, say);
  else resolve(name, by.caller, ports.directory); // says what the client would hear that may not use it
  const route = await explainWork(call, prefix?.name, asked, known, say);
  explainPolicy(route, say);
  const candidate = await explainCandidates(call, route, ports, say);
  explainModel(candidate, say);
  const overridden = overrideFields(call, candidate.parameters);
  const fitted = await explainFit(overridden, candidate, ports, say);
  say('cost', describeCost(fitted, candidate));
  await explainUpstream(fitted, candidate, say);
  explainBody(call, encodeBody(fitted, candidate.model), candidate, say);
  explainAnswer(call, candidate, say);
}

/** Which of the gateway's keys may make this call. */
function explainKeys(call: Call, route: Route, config: Config, directory: Directory, say: Say): void {
  if (config.keys.length === 0) return;
  const texts = config.keys.map((key) => {
    const caller = { name: key.name, role: key.role, models: key.models && new Set(key.models) };
    return `${key.name} ${mayUse(caller, call.model, route, directory) ? 'may use it' : 'may not (404 model_not_found)'}`;
  });
  say('keys', texts.join(', '));
}

/** Says what is done for the call, and what of the caller's limits that takes; the route may be a cheaper one then. */
async function explainWork(
  call: Call,
  prefix: string | undefined,
  asked: Route,
  { ports, by }: Known,
  say: Say,
): Promise<Route> {
  const routeOf = (name: string) => resolveName(name, ports.directory).route;
  const find = by === undefined ? routeOf : (name: string) => resolve(name, by.caller, ports.directory);
  const plan = (route: Route) => {
    const chosen = ports.approaches.choose(call, prefix, route.approach, find);
    return { call: chosen.call, route, approach: chosen.approach, chosen };
  };
  const wanted = plan(asked);
  await explainPlan(wanted.chosen, say);
  if (by === undefined) return asked;
  const admitted = await explainAdmission(wanted, by, ports, (model) => plan(routeOf(model)), say);
  if (admitted !== wanted) await explainPlan(admitted.chosen, say);
  return admitted.route;
}

function explainModel({ backend, config }: Candidate, say: Say): void {
  if (backend.config.origin === 'connectors') return;
  const undeclared = 'not declared, so that it has no limits, defaults or tokenizer of its own';
  say('model', config === undefined ? undeclared : `declared in ${backend.config.place}`);
}

async function explainFit(call: Call, candidate: Candidate, ports: PipelinePorts, say: Say): Promise<FittedCall> {
  let tokens: PromptTokens | undefined;
  const counter: TokenCounter = {
    measure: async (...request) => {
      tokens = await ports.counter.measure(...request);
      return tokens;
    },
    count: (...request) => ports.counter.count(...request),
    close: () => ports.counter.close(),
  };
  const { forceContextWindow } = ports;
  const known = { call, candidate, forceContextWindow };
  try {
    const fitted = await fit(call, candidate, { ...ports, counter });
    explainLimits({ ...known, fitted, tokens, refusal: undefined }, say);
    return fitted;
  } catch (refusal) {
    if (!(refusal instanceof GatewayError)) throw refusal;
    explainLimits({ ...known, fitted: undefined, tokens, refusal }, say);
    throw refusal;
  }
}

async function explainUpstream(call: FittedCall, { backend }: Candidate, say: Say): Promise<void> {
  const { config } = backend;
  explainKeyPool(config, say);
  if (config.concurrency !== undefined) {
    const { maxConcurrent, queueSize, queueTimeoutMs } = config.concurrency;
    say('places', `${maxConcurrent} calls at a time, ${queueSize} may wait for up to ${queueTimeoutMs / 1000} s`);
  }
  const { url, headerNames } = await backend.preview(call.protocol.path);
  const isDemo = config.origin === 'demo';
  say('upstream', isDemo ? 'the demo server inside the gateway' : `POST ${url}`);
  say('headers', [...headerNames, 'host', 'content-length'].join(', '));
  const tries = config.maxRetries + 1;
  say('attempts', `at most ${tries}, each up to ${config.timeoutMs / 1000} s${call.stream ? ' without a byte' : ''}`);
}

/** Which of the backend's keys a call may take. */
function explainKeyPool({ keys }: BackendConfig, say: Say): void {
  if (keys.length === 1) {
    say('key', describeSource(keys[0] as PoolKey));
    return;
  }
  for (const [at, key] of keys.entries()) {
    const { weight, requestsPerMinute, tokensPerMinute } = key;
    const facts = [
      describeSource(key),
      weight !== 1 && `weight ${weight}`,
      requestsPerMinute && `${requestsPerMinute} requests per minute`,
      tokensPerMinute && `${tokensPerMinute} tokens per minute`,
    ];
    say(`key ${at + 1} of ${keys.length}`, facts.filter(Boolean).join(', '));
  }
}

function describeSource({ credential }: PoolKey): string {
  if (credential.kind === 'none') return 'none is sent';
  if (credential.kind === 'oauth') return `a token, granted for ${credential.source}`;
  return `from ${credential.source}${credential.secret === undefined ? ', which is not set' : ''}`;
}

function explainAnswer(call: Call, { answerModel }: Candidate, say: Say): void {
  if (answerModel !== undefined) say('answer', `its "model" becomes ${JSON.stringify(answerModel)}`);
  if (call.stream && !call.wantsUsage) say('answer', 'its usage event is kept back, as the client did not ask for it');
}
