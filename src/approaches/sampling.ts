import { GatewayError } from '../gateway-error.ts';
import type { AnswerCalls } from './answer-calls.ts';
import type { Reply } from './reply.ts';
import type { SampleMemory } from './sample-memory.ts';

export interface SampleRequest {
  readonly fields: Readonly<Record<string, unknown>>;
  /** A public name; undefined: the route's own. */
  readonly model: string | undefined;
  readonly count: number;
  /** The name that is asked for, for the memory. */
  readonly key: string;
  /** Told of each usable candidate as soon as it is there. */
  readonly arrived: (reply: Reply) => void;
}

/**
 * Samples so many candidates: by one call where the backend honours `n`, the missing ones by single calls at once. None
 * is ever copied to fill a gap, and those that fail or hold nothing but thinking are left out.
 * @returns at least one
 * @throws GatewayError of the first, where all fail
 */
export async function sample(request: SampleRequest, upstream: AnswerCalls, memory: SampleMemory): Promise<Reply[]> {
  const { count, key } = request;
  const gathered: Reply[] = [];
  const expected = memory.expected(key, upstream.targets(request.model));
  if (count > 1 && !memory.isSingle(expected)) {
    try {
      const replies = (await upstream.complete({ ...request.fields, n: count }, request.model)).slice(0, count);
      announce(replies, request);
      gathered.push(...replies);
      if (replies.length < count) memory.remember(replies[0]?.target ?? expected);
    } catch (error) {
      if (!refusesSeveral(error)) throw error;
      memory.remember(expected);
    }
  }
  const first = gathered.length;
  const missing = Array.from({ length: count - first }, (_, at) => single(request, first + at, upstream));
  const { values, failures } = await settleAll(missing);
  const last = values.flat().at(-1) ?? gathered[0];
  if (last !== undefined) memory.answered(key, last.target);
  const usable = [...gathered, ...values.flat()].filter(isUsable);
  if (usable.length > 0) return usable;
  throw failures[0] ?? new GatewayError('upstream_error', 'every candidate held nothing but thinking');
}

/**
 * What came of calls that were made at once, in their order, without those that failed.
 * @throws at once what ends the whole approach
 */
export async function settleAll<T>(calls: readonly Promise<T>[]): Promise<{ values: T[]; failures: unknown[] }> {
  const settled = await Promise.all(
    calls.map((call) =>
      call.then(
        (value) => ({ value }),
        (error: unknown) => {
          if (endsAll(error)) throw error;
          return { error };
        },
      ),
    ),
  );
  return {
    values: settled.flatMap((one) => ('value' in one ? [one.value] : [])),
    failures: settled.flatMap((one) => ('error' in one ? [one.error] : [])),
  };
}

function announce(replies: readonly Reply[], { arrived }: SampleRequest): void {
  for (const reply of replies.filter(isUsable)) arrived(reply);
}

function isUsable({ text }: Reply): boolean {
  return text !== '';
}

async function single(request: SampleRequest, at: number, upstream: AnswerCalls): Promise<Reply[]> {
  const { fields, model } = request;
  const { seed } = fields;
  const own = typeof seed === 'number' && at > 0 ? { ...fields, seed: seed + at } : fields;
  const replies = (await upstream.complete(own, model)).slice(0, 1);
  announce(replies, request);
  return replies;
}

/** A 400 that is about `n`: its `param` is that, or its text speaks of it. */
function refusesSeveral(error: unknown): boolean {
  if (!(error instanceof GatewayError) || error.status !== 400) return false;
  const { upstreamError, message } = error;
  if (upstreamError?.param === 'n') return true;
  return /\bn\b|\bchoices?\b|\bcompletions?\b/i.test(String(upstreamError?.message ?? message));
}

/** Whether an error ends a whole approach: a refused key, a client that left, a budget that is spent. */
export function endsAll(error: unknown): boolean {
  if (!(error instanceof GatewayError)) return true;
  const { code, status } = error;
  return status === 401 || status === 403 || code === 'upstream_auth_failed' || code === 'client_closed_request';
}
