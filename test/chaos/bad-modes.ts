import type { Behaviour } from './chaos-backend.ts';
import {
  closingEvents,
  eventOf,
  jsonResponse,
  pieceCount,
  pieceOf,
  pinnedUsage,
  streamHead,
  streamPieces,
  wholeBody,
} from './good-answer.ts';

/** One way to fail. */
export interface BadMode {
  readonly name: string;
  readonly meaning: string;
  /** `refuse`: it does not listen at all. */
  readonly behave: Behaviour | 'refuse';
  /** Whether a stream may have brought some text before it fails, so that it cannot be tried elsewhere any more. */
  readonly mayBreakStreams: boolean;
}

const hangs: Behaviour = () => undefined;

const errors: Behaviour = (exchange) => {
  exchange.write(jsonResponse('500 Internal Server Error', '{"error":{"message":"chaos","type":"server_error"}}'));
  exchange.end();
};

const limited: Behaviour = (exchange) => {
  const body = '{"error":{"message":"slow down","type":"requests","code":"rate_limit_exceeded"}}';
  exchange.write(jsonResponse('429 Too Many Requests', body, 'retry-after: 1\r\n'));
  exchange.end();
};

/** In the middle of a piece, of the first one too, with FIN and with RST by turns. */
const cuts: Behaviour = async (exchange, backend) => {
  const how = (exchange.ask >> 2) % 2 === 0 ? 'fin' : 'reset';
  if (exchange.isStream) {
    const whole = (exchange.ask >> 1) % pieceCount; // streams have the odd numbers
    if (!(await streamPieces(exchange, backend, whole, 2))) return;
    const next = eventOf({ content: pieceOf(exchange, backend, whole + 1) });
    exchange.write(`${Buffer.byteLength(next).toString(16)}\r\n${next.slice(0, 60)}`);
  } else {
    const body = wholeBody(exchange, backend);
    exchange.write(jsonResponse('200 OK', body.slice(0, body.length / 2), '', body.length));
  }
  await exchange.pause(2);
  exchange.cut(how);
};

const garbage: Behaviour = async (exchange) => {
  const bytes = Buffer.alloc(300);
  for (let at = 0; at < bytes.length; at++) bytes[at] = (at * 97 + exchange.ask * 31) % 256;
  exchange.write(bytes);
  await exchange.pause(5);
  exchange.cut('fin');
};

/** It stops to read and to write: before anything of the answer, or in the midst of it. */
const freezes: Behaviour = async (exchange, backend) => {
  if (exchange.isStream && exchange.ask % 4 < 2) await streamPieces(exchange, backend, 3, 2);
  exchange.freeze();
};

const drips: Behaviour = async (exchange, backend) => {
  const text = exchange.isStream
    ? `${streamHead}ffff\r\n${eventOf({ content: pieceOf(exchange, backend, 1) })}`
    : jsonResponse('200 OK', wholeBody(exchange, backend));
  const start = text.indexOf('\r\n\r\n') + 4;
  exchange.write(text.slice(0, start));
  for (let at = start; await exchange.pause(1000); at++) exchange.write(text[at] ?? ' ');
};

const errorFirst: Behaviour = (exchange) => {
  const error = '{"error":{"message":"no capacity","type":"server_error","code":503}}';
  if (exchange.isStream) {
    exchange.write(streamHead);
    exchange.chunk(`data: ${error}\n\n`);
    exchange.write('0\r\n\r\n');
  } else exchange.write(jsonResponse('200 OK', error));
  exchange.end();
};

const emptyStreams = [
  '',
  'data: [DONE]\n\n',
  `${eventOf({ role: 'assistant', content: '' })}${eventOf({}, 'stop')}data: [DONE]\n\n`,
];
const emptyBodies = [
  '',
  '{"choices":[]}',
  '{"choices":[{"index":0,"message":{"role":"assistant","content":""},"finish_reason":"stop"}]}',
];

const empties: Behaviour = (exchange) => {
  if (exchange.isStream) {
    exchange.write(streamHead);
    const text = emptyStreams[(exchange.ask >> 1) % 3] as string;
    if (text !== '') exchange.chunk(text);
    exchange.write('0\r\n\r\n');
  } else exchange.write(jsonResponse('200 OK', emptyBodies[(exchange.ask >> 1) % 3] as string));
  exchange.end();
};

const places = Array.from({ length: pieceCount }, (_, at) => at + 1);

/** Too short and too long by turns; after what is too long the connection is closed. */
const wrongLength: Behaviour = async (exchange, backend) => {
  const isLonger = exchange.ask % 4 < 2;
  const body = exchange.isStream
    ? places.map((place) => eventOf({ content: pieceOf(exchange, backend, place) })).join('') +
      closingEvents(pinnedUsage(exchange.ask, backend.ordinal))
    : wholeBody(exchange, backend);
  const announced = isLonger ? body.length + 50 : body.length - (exchange.isStream ? 500 : 50);
  const whole = jsonResponse('200 OK', body, '', announced);
  exchange.write(exchange.isStream ? whole.replace('application/json', 'text/event-stream') : whole);
  await exchange.pause(5);
  exchange.cut('fin');
};

const resets: Behaviour = (exchange) => exchange.cut('reset');

/** Every way in which a backend is bad here. */
export const badModes: readonly BadMode[] = [
  { name: 'refuses', meaning: 'does not listen', behave: 'refuse', mayBreakStreams: false },
  { name: 'resets', meaning: 'takes the request and resets the connection', behave: resets, mayBreakStreams: false },
  { name: 'hangs', meaning: 'takes the request and never answers', behave: hangs, mayBreakStreams: false },
  { name: 'errors', meaning: 'answers 500', behave: errors, mayBreakStreams: false },
  { name: 'limits', meaning: 'answers 429 with Retry-After: 1', behave: limited, mayBreakStreams: false },
  { name: 'cuts', meaning: 'closes or resets in the midst of the answer', behave: cuts, mayBreakStreams: true },
  { name: 'garbage', meaning: 'sends bytes that are no HTTP', behave: garbage, mayBreakStreams: false },
  {
    name: 'freezes',
    meaning: 'is gone without FIN, before or within the answer',
    behave: freezes,
    mayBreakStreams: true,
  },
  { name: 'drips', meaning: 'sends a byte a second', behave: drips, mayBreakStreams: false },
  {
    name: 'error-first',
    meaning: 'answers 200 with an error, or one as first event',
    behave: errorFirst,
    mayBreakStreams: false,
  },
  { name: 'empties', meaning: 'answers 200 with nothing in it', behave: empties, mayBreakStreams: false },
  {
    name: 'wrong-length',
    meaning: 'sends more or less than its content-length',
    behave: wrongLength,
    mayBreakStreams: true,
  },
];
