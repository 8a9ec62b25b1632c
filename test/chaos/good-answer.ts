import type { Behaviour, ChaosBackend } from './chaos-backend.ts';
import type { RawExchange } from './raw-exchange.ts';

/** Pieces of each answer. */
export const pieceCount = 8;

export interface PinnedUsage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
}

/** What an answer costs: another number for each request and for each backend. */
export function pinnedUsage(ask: number, ordinal: number): PinnedUsage {
  return { prompt_tokens: 10 + (ask % 997), completion_tokens: pieceCount + 100 * (ordinal + 1) };
}

/** A piece of text that says whose it is, which one of how many, and which request it answers. */
export function pieceOf(exchange: RawExchange, backend: ChaosBackend, place: number): string {
  return `<${backend.name} ${place}/${pieceCount} ${exchange.nonce}>`;
}

export const streamHead =
  'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n';

/** An event of a stream with this delta. */
export function eventOf(delta: object, finish: string | null = null): string {
  const choices = [{ index: 0, delta, finish_reason: finish }];
  return `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices })}\n\n`;
}

/** The events after the last piece of text. */
export function closingEvents(usage: PinnedUsage): string {
  const last = {
    id: 'c',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'm',
    choices: [],
    usage: totalled(usage),
  };
  return `${eventOf({}, 'stop')}data: ${JSON.stringify(last)}\n\ndata: [DONE]\n\n`;
}

/** The JSON of a whole answer. */
export function wholeBody(exchange: RawExchange, backend: ChaosBackend): string {
  const pieces = Array.from({ length: pieceCount }, (_, at) => pieceOf(exchange, backend, at + 1));
  const message = { role: 'assistant', content: pieces.join('') };
  const choices = [{ index: 0, message, finish_reason: 'stop' }];
  const usage = totalled(pinnedUsage(exchange.ask, backend.ordinal));
  return JSON.stringify({ id: 'c', object: 'chat.completion', created: 1, model: 'm', choices, usage });
}

/** A response that is one JSON text. */
export function jsonResponse(status: string, body: string, headers = '', length = Buffer.byteLength(body)): string {
  return `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\n${headers}content-length: ${length}\r\n\r\n${body}`;
}

/**
 * Streams pieces of text.
 * @param upTo the last piece that is sent
 * @returns false where the exchange ended meanwhile
 */
export async function streamPieces(
  exchange: RawExchange,
  backend: ChaosBackend,
  upTo: number,
  gapMs: number,
): Promise<boolean> {
  exchange.write(streamHead);
  exchange.chunk(eventOf({ role: 'assistant', content: '' }));
  for (let place = 1; place <= upTo; place++) {
    if (place > 1 && !(await exchange.pause(gapMs))) return false;
    exchange.chunk(eventOf({ content: pieceOf(exchange, backend, place) }));
  }
  return !exchange.isOver;
}

/** Answers as it should, after a while. */
export function good(delayMs = 2, gapMs = 2): Behaviour {
  return async (exchange, backend) => {
    if (!(await exchange.pause(delayMs))) return;
    if (!exchange.isStream) {
      exchange.write(jsonResponse('200 OK', wholeBody(exchange, backend)));
    } else if (await streamPieces(exchange, backend, pieceCount, gapMs)) {
      exchange.chunk(closingEvents(pinnedUsage(exchange.ask, backend.ordinal)));
      exchange.write('0\r\n\r\n');
    }
    exchange.end();
  };
}

function totalled(usage: PinnedUsage): object {
  return { ...usage, total_tokens: usage.prompt_tokens + usage.completion_tokens };
}
