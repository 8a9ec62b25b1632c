import { type BackendReply, UpstreamFailure } from '../backends/backend.ts';
import type { ReleaseSlot } from '../balancing/slots.ts';
import { GatewayError } from '../gateway-error.ts';
import type { Answer } from '../types/answer.ts';
import type { FittedCall } from '../types/call.ts';
import type { Candidate, Tier } from '../types/route.ts';
import type { Ticket } from '../types/ticket.ts';
import { admit, standing } from './admit.ts';
import type { AskContext } from './ask-context.ts';
import { fit } from './fit.ts';
import { overrideFields } from './override-fields.ts';
import { passedHeaders } from './passed-headers.ts';
import { RetryWait } from './retry-wait.ts';
import { sendWithKeys } from './send-with-keys.ts';
import { settle } from './settle.ts';

/**
 * One call at one of its candidates, over all tries there: it is fitted and admitted once, and what was reserved is
 * settled once.
 */
export class CandidateRun {
  readonly candidate: Candidate;
  readonly tier: Tier;
  state: 'fresh' | 'running' | 'waiting' | 'over' = 'fresh';
  /** Milliseconds of `performance.now()` before which it is not to be tried again. */
  notBefore = 0;
  /** Of its last try. */
  failure: UpstreamFailure | undefined;
  /** Whether it may have received any of the call. */
  isReached = false;
  readonly #context: AskContext;
  #wait: RetryWait | undefined;
  #fitted: FittedCall | undefined;
  #ticket: Ticket | undefined;

  constructor(candidate: Candidate, tier: Tier, context: AskContext) {
    this.candidate = candidate;
    this.tier = tier;
    this.#context = context;
  }

  /** Made when it is asked for, since most candidates never fail. */
  get wait(): RetryWait {
    this.#wait ??= new RetryWait(this.candidate.backend.config);
    return this.#wait;
  }

  /**
   * Tries it once, with as many of its keys as it takes.
   * @param signal aborted when the answer is not wanted any more
   * @throws UpstreamFailure, or GatewayError where the gateway itself refuses
   */
  async ask(signal: AbortSignal): Promise<Answer> {
    const { candidate } = this;
    const { attempts, caller, call, deadlineAt } = this.#context;
    const { breaker } = candidate.health;
    attempts.candidate = candidate;
    this.state = 'running';
    const isEntered = breaker.enter(); // before anything is waited for, so that nobody else can be the probe as well
    const before = attempts.tries.length;
    let release: ReleaseSlot | undefined;
    try {
      // A promise is awaited only where there is one, since most calls have nothing to wait for here.
      const fitting = this.#fitted ?? this.#fit();
      const fitted = fitting instanceof Promise ? await fitting : fitting;
      this.#fitted = fitted;
      const taking = candidate.slots?.take({ caller, nice: call.nice, deadlineAt, signal });
      release = taking instanceof Promise ? await taking : taking;
      const admitting = this.#ticket ?? this.#admit(fitted);
      this.#ticket = admitting instanceof Promise ? await admitting : admitting;
      const reply = await sendWithKeys(fitted.signal === signal ? fitted : { ...fitted, signal }, this, this.#context);
      breaker.succeeded();
      return this.answer(reply, release);
    } catch (error) {
      release?.();
      if (error instanceof UpstreamFailure && error.fault === 'backend') breaker.failed();
      else if (isEntered) breaker.left();
      this.state = 'over';
      if (attempts.tries.length === before) this.#noteRefusal(error);
      throw error;
    }
  }

  /** Its try gave no answer. */
  failed(failure: UpstreamFailure): void {
    this.failure = failure;
    const waitMs = this.wait.next(failure);
    this.state = waitMs === undefined ? 'over' : 'waiting';
    this.notBefore = performance.now() + (waitMs ?? 0);
  }

  /** It is not to be tried, for this reason. */
  leave(why: string): void {
    this.state = 'over';
    this.#context.attempts.passedOver(this.candidate, 'context_length_exceeded', why);
  }

  /** A reply as the answer of this candidate; what it took is settled when it ends. */
  answer(reply: BackendReply, release?: ReleaseSlot): Answer {
    const { candidate } = this;
    const { attempts } = this.#context;
    this.#settleLater(reply, release);
    return {
      status: reply.status,
      headers: passedHeaders(reply.headers, candidate.config),
      body: reply.body,
      backend: candidate.backend.config.name,
      model: candidate.model,
      attempts: attempts.count,
      firstByteAt: reply.firstByteAt,
      finished: reply.finished,
    };
  }

  /**
   * Nothing comes of it: a failed call takes no tokens, but one that the client left has had its prompt read; one that
   * never reached a backend takes no place either.
   * @param isCancelled whether the client left, or another candidate was faster
   */
  giveBack(isCancelled: boolean): void {
    const reservation = this.#ticket?.reservation;
    if (reservation === undefined) return;
    if (this.failure?.emptyReply !== undefined) this.#settleLater(this.failure.emptyReply, undefined);
    else if (this.isReached) reservation.settle(isCancelled ? (this.#fitted?.promptTokens ?? 0) : 0);
    else reservation.release();
  }

  #fit(): FittedCall | Promise<FittedCall> {
    const { candidate } = this;
    const { call, ports } = this.#context;
    if (candidate.config === undefined) ports.undeclared(candidate);
    let fitting: FittedCall | Promise<FittedCall>;
    try {
      fitting = fit(overrideFields(call, candidate.parameters), candidate, ports);
    } catch (error) {
      return this.#refused(error);
    }
    return fitting instanceof Promise ? fitting.catch((error: unknown) => this.#refused(error)) : fitting;
  }

  /** It does not fit: what its rates are is told all the same. */
  async #refused(error: unknown): Promise<never> {
    this.#context.rated(await standing(this.candidate, this.#context.ports.limiter));
    throw error;
  }

  #admit(fitted: FittedCall): Ticket | Promise<Ticket> {
    const { ports, rated } = this.#context;
    const admitting = admit(fitted, this.candidate, ports.limiter);
    const admitted = (ticket: Ticket) => {
      rated(ticket);
      return ticket;
    };
    return admitting instanceof Promise ? admitting.then(admitted) : admitted(admitting);
  }

  /** No request went out: that is no try, and yet what became of the candidate. */
  #noteRefusal(thrown: unknown): void {
    const { attempts, route } = this.#context;
    const error = thrown instanceof UpstreamFailure ? thrown.error : thrown;
    if (route.candidates.length === 1 || !(error instanceof GatewayError)) return;
    attempts.passedOver(this.candidate, error.code, error.summary);
  }

  #settleLater(reply: BackendReply, release: ReleaseSlot | undefined): void {
    const { ports } = this.#context;
    const ticket = this.#ticket;
    if (release === undefined && ticket?.reservation === undefined) return;
    reply.finished
      .then((finish) => {
        release?.();
        if (ticket === undefined) return;
        return settle(ticket, this.#fitted as FittedCall, this.candidate, finish, ports.counter);
      })
      .catch((error: unknown) => {
        ports.failed(error); // what was reserved then stays reserved until it leaves the window
      });
  }
}

/** What was thrown on the way to an answer, as a failure that says what to do about it. */
export function toFailure(thrown: unknown): UpstreamFailure {
  if (thrown instanceof UpstreamFailure) return thrown;
  if (!(thrown instanceof GatewayError)) throw thrown;
  const fault = refusedHere.has(thrown.code) ? 'mismatch' : 'client';
  return new UpstreamFailure(thrown, { retry: 'never', reached: false, fault });
}

/** Errors by which the gateway itself keeps a call from one candidate: another may take it. */
const refusedHere: ReadonlySet<string> = new Set([
  'context_length_exceeded',
  'output_limit_exceeded',
  'rate_limit_exceeded',
  'overloaded',
  'backend_unavailable',
]);
