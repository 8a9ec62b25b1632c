import { randomFillSync } from 'node:crypto';

/** What a `traceparent` says. */
export interface TraceParent {
  readonly traceId: string;
  readonly spanId: string;
  readonly sampled: boolean;
}

const pattern = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const noTrace = '0'.repeat(32);
const noSpan = '0'.repeat(16);

/** Reads W3C's `traceparent`; undefined where it is none, which is as if it were not there. */
export function readTraceParent(value: string | undefined): TraceParent | undefined {
  const match = value === undefined ? null : pattern.exec(value.trim());
  if (match === null) return undefined;
  const [, version, traceId = '', spanId = '', flags = '', more] = match;
  if (version === 'ff' || (version === '00' && more !== undefined)) return undefined;
  if (traceId === noTrace || spanId === noSpan) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

const drawnBytes = 4096;
const drawn = Buffer.alloc(drawnBytes);
/** What was drawn, as hexadecimal digits. */
let digits = '';
let used = 0;

/** Random bytes as hexadecimal digits; many are drawn at once, since a draw for each costs more than all the rest. */
export function randomHex(bytes: 8 | 16): string {
  const end = used + bytes * 2;
  if (end > digits.length) {
    digits = randomFillSync(drawn).toString('hex');
    used = 0;
    return randomHex(bytes);
  }
  const text = digits.slice(used, end);
  used = end;
  return text === noSpan || text === noTrace ? randomHex(bytes) : text;
}

/** The place of one sampled call in its trace. */
export class CallTrace {
  readonly traceId: string;
  /** Of the call's own span. */
  readonly spanId = randomHex(8);
  readonly parent: TraceParent | undefined;
  /** The `tracestate` that came with the parent. */
  readonly state: string | undefined;

  constructor(traceId: string, parent: TraceParent | undefined, state: string | undefined) {
    this.traceId = traceId;
    this.parent = parent;
    this.state = state;
  }

  nextSpanId(): string {
    return randomHex(8);
  }

  /** Headers that go upstream, with this trace and span in place of the client's. */
  forward(headers: readonly string[], spanId: string): readonly string[] {
    const own = ['traceparent', `00-${this.traceId}-${spanId}-01`];
    if (headers.length === 0) return own;
    const kept: string[] = [];
    for (let at = 0; at + 1 < headers.length; at += 2) {
      const name = headers[at] as string;
      // A state without a valid parent belongs to no trace.
      if (name === 'traceparent' || (name === 'tracestate' && this.parent === undefined)) continue;
      kept.push(name, headers[at + 1] as string);
    }
    return own.concat(kept);
  }
}
