import { choicesText } from '../backends/event-filter.ts';
import { JsonIndex } from '../bytes/json-index.ts';
import { GatewayError } from '../gateway-error.ts';
import type { Answer } from '../types/answer.ts';
import type { Call } from '../types/call.ts';
import { readUsage, type Usage } from '../types/usage.ts';
import type { Ask } from './approach.ts';
import { KeptStream } from './kept-stream.ts';
import { type Reply, readReplies } from './reply.ts';
import { refusesFormat, withFormatInstruction } from './response-format.ts';
import type { Spending } from './spending.ts';
import type { UsageLedger } from './usage-ledger.ts';

/** What making calls needs of the world. */
export interface UpstreamPorts {
  readonly ask: Ask;
  readonly spending: Spending;
  readonly ledger: UsageLedger;
  /** Counts what a backend did not report. */
  readonly count: (sent: Buffer, text: string) => Promise<Usage>;
  /** Nano-dollars of what was used; undefined: unknown. */
  readonly costOf: (target: string, usage: Usage) => number | undefined;
}

/** Makes the upstream calls of one client's request, each within its budget and counted in its sum. */
export class Upstream {
  readonly #call: Call;
  readonly #ports: UpstreamPorts;
  /** The models whose backends were seen to refuse `response_format`. */
  readonly #refusingFormat = new Set<string | undefined>();
  #isNice = false;

  constructor(call: Call, ports: UpstreamPorts) {
    this.#call = call;
    this.#ports = ports;
  }

  /**
   * One whole answer. Where a backend refuses `response_format`, an instruction stands in its place.
   * @param fields of the request, without `model` and `stream`
   * @param model a public name in place of the route
   * @throws GatewayError, or BudgetSpent
   */
  async complete(fields: Readonly<Record<string, unknown>>, model?: string): Promise<Reply[]> {
    const instead = withFormatInstruction(fields);
    if (instead === undefined) return this.#complete(fields, model);
    if (!this.#refusingFormat.has(model)) {
      try {
        return await this.#complete(fields, model);
      } catch (error) {
        if (!refusesFormat(error)) throw error;
        this.#refusingFormat.add(model);
      }
    }
    return this.#complete(instead, model);
  }

  /** `backend:model` of all who may answer. */
  targets(model?: string): readonly string[] {
    return this.#ports.ask.targets(model);
  }

  async #complete(fields: Readonly<Record<string, unknown>>, model: string | undefined): Promise<Reply[]> {
    const { spending, ask } = this.#ports;
    spending.begin();
    const call = this.#callOf(fields, false);
    const answer = await ask(call, model);
    if (!Buffer.isBuffer(answer.body)) throw unreadable(answer, 'a stream, though none was asked for');
    const response = readResponse(answer, answer.body);
    const replies = readReplies(response, targetOf(answer));
    await this.#charge(answer, readUsage(response.usage), call, () => choicesText(response.choices));
    return replies;
  }

  /** From here on its calls are served when no others wait: the client has its answer. */
  letOthersGoFirst(): void {
    this.#isNice = true;
  }

  /** One streamed answer, of which the first output is there; what it took is counted when it ends. */
  async stream(fields: Readonly<Record<string, unknown>>, model?: string): Promise<Answer> {
    const { spending, ask } = this.#ports;
    spending.begin();
    const call = this.#callOf(fields, true);
    const answer = await ask(call, model);
    if (Buffer.isBuffer(answer.body)) throw unreadable(answer, 'no stream, though one was asked for');
    const body = new KeptStream(answer.body);
    const finished = answer.finished.then(async (finish) => {
      const charged = this.#charge(answer, finish.usage, call, () => body.text());
      await charged.catch(() => undefined); // the counter is closed: the gateway ends, and the stream with it
      return finish;
    });
    return { ...answer, body, finished };
  }

  async #charge(answer: Answer, usage: Usage | undefined, call: Call, text: () => string): Promise<void> {
    const { ledger, spending, count, costOf } = this.#ports;
    const known = usage?.totalTokens === undefined ? await count(call.body, text()) : usage;
    const cost = costOf(targetOf(answer), known);
    ledger.add(answer.backend, answer.model, known, cost);
    spending.charge(cost);
  }

  #callOf(fields: Readonly<Record<string, unknown>>, stream: boolean): Call {
    const options = stream ? { stream: true, stream_options: { include_usage: true } } : {};
    const body = Buffer.from(JSON.stringify({ model: '', ...fields, ...options }));
    const { signal } = this.#ports.spending;
    const nice = this.#isNice || this.#call.nice;
    return { ...this.#call, body, fields: JsonIndex.read(body), model: '', stream, wantsUsage: stream, signal, nice };
  }
}

/** `backend:model` */
export function targetOf({ backend, model }: Answer): string {
  return `${backend}:${model}`;
}

function readResponse(answer: Answer, body: Buffer): Record<string, unknown> {
  const response: unknown = JSON.parse(body.toString('utf8'));
  if (typeof response === 'object' && response !== null) return response as Record<string, unknown>;
  throw unreadable(answer, 'no JSON object');
}

function unreadable({ backend }: Answer, what: string): GatewayError {
  return new GatewayError('upstream_error', `backend ${backend} answered with ${what}`);
}
