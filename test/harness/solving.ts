import { openLastingServices } from '../../src/approaches/lasting-services.ts';
import { parsePlan } from '../../src/approaches/plan.ts';
import { type ApproachPorts, PlannedApproach } from '../../src/approaches/run-plan.ts';
import { SampleMemory } from '../../src/approaches/sample-memory.ts';
import type { ApproachServices } from '../../src/approaches/services.ts';
import type { Budget } from '../../src/approaches/spending.ts';
import type { Stage } from '../../src/approaches/stage.ts';
import type { ApproachesConfig } from '../../src/config/approaches-config.ts';
import { Attempts } from '../../src/pipeline/attempts.ts';
import { resolve } from '../../src/pipeline/resolve.ts';
import { createAsk } from '../../src/pipeline/run.ts';
import { chatCompletions } from '../../src/protocols/chat-completions.ts';
import { parseCall } from '../../src/protocols/parse-call.ts';
import type { Answer, Finish } from '../../src/types/answer.ts';
import { type MockServer, startFakeBackend } from '../fake-backend/fake-backend.ts';
import { backendYaml, startTestGateway } from './test-gateway.ts';

export interface SolvingOptions {
  /** The stages that the plan is made of. */
  readonly stages: readonly Stage[];
  /** Such as `moa` or `readurls&moa`. */
  readonly plan: string;
  readonly parameters?: Readonly<Record<string, unknown>>;
  /** What the backend `u` answers. */
  readonly script: Parameters<typeof startFakeBackend>[0];
  /** Lines of its `backend.yaml`. */
  readonly yaml?: string;
  readonly budget?: Partial<Budget>;
  readonly keepAliveMs?: number;
  readonly memory?: SampleMemory;
  readonly settings?: Partial<ApproachesConfig>;
  /** In place of those that a test has for itself. */
  readonly services?: Partial<ApproachServices>;
}

// biome-ignore lint/suspicious/noExplicitAny: answers are read as a client reads them, by the names of their fields
type Json = any;

/** One answer of an approach, as a client would read it. */
export interface Solved {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The answer's text, of the first choice; of a stream all its pieces together. */
  readonly text: string;
  /** The answer's JSON; of a stream that of its events. */
  readonly body: Json;
  readonly events: readonly Json[];
  readonly finish: Finish;
}

export interface SolvingRig {
  readonly backend: MockServer;
  /** The bodies of all calls that came, in order. */
  sent(): Record<string, Json>[];
  /** What failed behind answers. */
  readonly failed: readonly unknown[];
  /** Runs the plan on a chat of one question; the fields are added to the request. */
  solve(question: string, fields?: object, signal?: AbortSignal, caller?: string): Promise<Solved>;
}

/** A plan over one scripted backend, through the gateway's own pipeline but for the choice of the approach. */
export async function startSolving(options: SolvingOptions): Promise<SolvingRig> {
  const backend = await startFakeBackend(options.script);
  const yaml = options.yaml ?? 'auth_type: none\nmax_retries: 0';
  const { gateway } = await startTestGateway({
    files: { 'backends/u/backend.yaml': backendYaml(backend.baseUrl, yaml) },
  });
  const stages = new Map(options.stages.map((stage) => [stage.name, stage]));
  const plan = parsePlan(options.plan, options.parameters ?? {}, stages);
  const budget: Budget = {
    maxCalls: 100,
    deadlineMs: undefined,
    maxCost: undefined,
    whenSpent: 'best',
    ...options.budget,
  };
  const failed: unknown[] = [];
  const words = (text: string) => text.split(/\s+/).filter(Boolean).length;
  const ports: ApproachPorts = {
    memory: options.memory ?? new SampleMemory(),
    keepAliveMs: options.keepAliveMs ?? 10_000,
    count: async (sent, text) => {
      const tokens = { promptTokens: words(sent.toString()), completionTokens: words(text) };
      const totalTokens = tokens.promptTokens + tokens.completionTokens;
      return { ...tokens, totalTokens, cachedTokens: undefined, reasoningTokens: undefined };
    },
    costOf: () => undefined,
    settings: { ...gateway.runtime.config.approaches, ...options.settings },
    tokens: async (texts) => texts.map(words),
    services: { ...openLastingServices((error) => failed.push(error)), ...options.services } as ApproachServices,
  };
  const approach = new PlannedApproach(plan, budget, ports, { choices: 1, question: '' });
  const solve: SolvingRig['solve'] = async (
    question,
    fields = {},
    signal = new AbortController().signal,
    name = 'anonymous',
  ) => {
    const messages = [{ role: 'user', content: question }];
    const body = Buffer.from(JSON.stringify({ model: 'u:m', messages, ...fields }));
    const call = parseCall(chatCompletions, {
      id: 'test',
      body,
      signal,
      receivedAt: performance.now(),
      forwardHeaders: [],
    });
    const caller = { name, role: 'admin' as const, models: undefined };
    const { pipeline } = gateway.runtime;
    const run = { answer: undefined, ticket: undefined, attempts: new Attempts(undefined) };
    const route = resolve('u:m', caller, pipeline.directory);
    return read(await approach.run(call, createAsk(route, caller, pipeline, run)));
  };
  return { backend, failed, sent: () => backend.posts().map((request) => request.json as Record<string, Json>), solve };
}

async function read(answer: Answer): Promise<Solved> {
  const headers = Object.fromEntries(answer.headers);
  const bytes = Buffer.isBuffer(answer.body) ? answer.body : await gather(answer.body);
  const finish = await (answer.settled ?? answer.finished);
  if (Buffer.isBuffer(answer.body)) {
    const body = JSON.parse(bytes.toString());
    return { status: answer.status, headers, body, text: body.choices[0].message.content, events: [], finish };
  }
  const lines = bytes
    .toString()
    .split('\n')
    .filter((line) => line.startsWith('data: {'));
  const events = lines.map((line) => JSON.parse(line.slice('data: '.length)));
  const text = events.map((event) => event.choices?.[0]?.delta?.content ?? '').join('');
  return { status: answer.status, headers, body: bytes.toString(), text, events, finish };
}

function gather(source: Exclude<Answer['body'], Buffer>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  return new Promise((resolve) => {
    source.start({
      write: (chunk) => {
        pieces.push(chunk);
        return true;
      },
      end: (error) => {
        if (error)
          pieces.push(
            Buffer.from(`data: ${JSON.stringify({ error: { code: error.code, message: error.message } })}\n\n`),
          );
        resolve(Buffer.concat(pieces));
      },
    });
  });
}
