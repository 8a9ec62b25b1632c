import type { Ask, Received } from './ask-gateway.ts';
import { type PinnedUsage, pieceCount, pinnedUsage } from './good-answer.ts';

export type Verdict =
  /** All of it, from one backend, in order, each piece once. */
  | { readonly kind: 'whole'; readonly backend: string; readonly usage: PinnedUsage }
  /** A stream that ended after some text, in a well-formed error event and without [DONE]. */
  | { readonly kind: 'broken'; readonly backend: string }
  /** An error before any byte of an answer. */
  | { readonly kind: 'failed'; readonly why: string }
  /** What must never be. */
  | { readonly kind: 'wrong'; readonly why: string };

interface Piece {
  readonly backend: string;
  readonly place: number;
}

interface StreamEvent {
  readonly choices?: readonly {
    readonly delta?: { readonly content?: string };
    readonly finish_reason?: string | null;
  }[];
  readonly usage?: PinnedUsage | null;
  readonly error?: { readonly message?: unknown; readonly type?: unknown; readonly code?: unknown };
}

/**
 * What a client got, held against what it may get.
 * @param ordinals of the backends, by their names
 */
export function judge(ask: Ask, received: Received, ordinals: ReadonlyMap<string, number>): Verdict {
  const { status, text, failure } = received;
  if (failure !== undefined) return { kind: 'wrong', why: `no head: ${failure}` };
  if (status !== 200) return judgeError(received);
  try {
    return ask.stream ? judgeStream(ask, received, ordinals) : judgeWhole(ask, received, ordinals);
  } catch (error) {
    return wrong(`unreadable (${error instanceof Error ? error.message : error}): ${text.slice(-300)}`);
  }
}

function judgeError({ status, text, isComplete }: Received): Verdict {
  if (!isComplete) return wrong(`an error that was cut: ${status} ${text}`);
  const { error } = JSON.parse(text) as StreamEvent;
  if (!isError(error)) return wrong(`an error that is none: ${status} ${text.slice(0, 200)}`);
  return { kind: 'failed', why: `${status} ${error?.code}: ${error?.message}` };
}

function judgeWhole(ask: Ask, { text, headers, isComplete }: Received, ordinals: ReadonlyMap<string, number>): Verdict {
  if (!isComplete) return wrong('a whole answer that was cut');
  const { choices, usage } = JSON.parse(text) as { choices: { message: { content: string } }[]; usage: PinnedUsage };
  const pieces = readPieces(choices[0]?.message.content ?? '', ask.nonce);
  return judgePieces(ask, pieces, usage, headers['x-headrace-backend'], ordinals);
}

function judgeStream(ask: Ask, received: Received, ordinals: ReadonlyMap<string, number>): Verdict {
  const { text, headers, isComplete } = received;
  if (!isComplete) return wrong(`a stream that was cut without a word: ${text.slice(-200)}`);
  const blocks = text.split('\n\n');
  if (blocks.pop() !== '') return wrong(`a stream that ends within an event: ${text.slice(-200)}`);
  const data = blocks.filter((block) => !block.startsWith(':')).map((block) => block.replace(/^data: /, ''));
  const isDone = data.at(-1) === '[DONE]';
  if (isDone) data.pop();
  if (data.includes('[DONE]')) return wrong('something after [DONE]');
  const events = data.map((one) => JSON.parse(one) as StreamEvent);
  const pieces = readPieces(events.map((event) => event.choices?.[0]?.delta?.content ?? '').join(''), ask.nonce);
  const backend = headers['x-headrace-backend'];
  const failures = events.filter(({ error }) => error !== undefined);
  if (failures.length === 0) {
    if (!isDone) return wrong(`a stream without [DONE] and without an error: ${text.slice(-200)}`);
    const { usage } = events.find((event) => event.usage) ?? {};
    if (ask.includeUsage && !usage) return wrong('a stream without the usage that was asked for');
    return judgePieces(ask, pieces, usage ?? undefined, backend, ordinals);
  }
  if (isDone) return wrong('[DONE] after an error');
  if (failures.length > 1 || events.at(-1) !== failures[0]) return wrong('an error that is not the last event');
  if (!isError(failures[0]?.error)) return wrong(`an error event that is none: ${data.at(-1)}`);
  if (pieces.length === 0) return wrong(`an error event though nothing was sent before it: ${data.at(-1)}`);
  const mixed = findMix(pieces, backend);
  return mixed === undefined ? { kind: 'broken', backend: String(backend) } : wrong(mixed);
}

function judgePieces(
  ask: Ask,
  pieces: readonly Piece[],
  usage: PinnedUsage | undefined,
  backend: unknown,
  ordinals: ReadonlyMap<string, number>,
): Verdict {
  const mixed = findMix(pieces, backend);
  if (mixed !== undefined) return wrong(mixed);
  if (pieces.length !== pieceCount) return wrong(`${pieces.length} pieces of ${pieceCount}, and no word about it`);
  const due = pinnedUsage(ask.ask, ordinals.get(String(backend)) ?? -1);
  if (usage && (usage.prompt_tokens !== due.prompt_tokens || usage.completion_tokens !== due.completion_tokens)) {
    return wrong(`the usage ${JSON.stringify(usage)} instead of ${JSON.stringify(due)}`);
  }
  return { kind: 'whole', backend: String(backend), usage: due };
}

/** Undefined: all pieces are of that backend, each once and in order. */
function findMix(pieces: readonly Piece[], backend: unknown): string | undefined {
  const names = new Set(pieces.map((piece) => piece.backend));
  if (names.size > 1) return `a mix of ${[...names].join(' and ')}`;
  if (pieces.length > 0 && !names.has(String(backend))) return `the text of ${[...names]}, said to be of ${backend}`;
  const isInOrder = pieces.every(({ place }, at) => place === at + 1);
  return isInOrder ? undefined : `pieces out of order: ${pieces.map(({ place }) => place).join(' ')}`;
}

/** @throws Error where anything stands there that is no piece of the answer to this request */
function readPieces(content: string, nonce: string): Piece[] {
  return content
    .split(/(?<=>)/)
    .filter((part) => part !== '')
    .map((part) => {
      const found = /^<(\w+) (\d+)\/\d+ ([\w-]+)>$/.exec(part);
      if (found === null || found[3] !== nonce) throw new Error(`no piece of ${nonce}: ${part}`);
      return { backend: found[1] as string, place: Number(found[2]) };
    });
}

function isError(error: StreamEvent['error']): boolean {
  return typeof error?.message === 'string' && typeof error.type === 'string' && error.code !== undefined;
}

function wrong(why: string): Verdict {
  return { kind: 'wrong', why };
}
