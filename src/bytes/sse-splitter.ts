/** An event that does not end within this many bytes is no event. */
export const maximumEventBytes = 16 * 1024 * 1024;

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/**
 * Cuts a stream of server-sent events (WHATWG HTML, 9.2) into runs of whole events, wherever the pieces that arrive
 * were cut. No byte is added, lost or changed.
 */
export class SseSplitter {
  #held: Buffer[] = [];
  #heldBytes = 0;

  /** The bytes up to the end of the last event that is now complete; undefined if there is none. */
  push(chunk: Buffer): Buffer | undefined {
    let bytes = chunk;
    // A boundary may straddle two pieces, so a held tail of up to three bytes takes part in the search.
    const last = this.#held[this.#held.length - 1];
    if (last !== undefined) {
      const tail = Math.min(last.length, 3);
      bytes = Buffer.concat([last.subarray(last.length - tail), chunk]);
      this.#held[this.#held.length - 1] = last.subarray(0, last.length - tail);
      this.#heldBytes -= tail;
    }
    const end = lastBoundary(bytes);
    if (end === 0) {
      this.#hold(bytes);
      return undefined;
    }
    const whole = end === bytes.length ? bytes : bytes.subarray(0, end);
    const result = this.#heldBytes === 0 ? whole : Buffer.concat([...this.#held, whole]);
    this.#held = [];
    this.#heldBytes = 0;
    if (end < bytes.length) this.#hold(bytes.subarray(end));
    return result;
  }

  /** What is left of an event that never ended; empty if there is nothing. */
  rest(): Buffer {
    const rest = Buffer.concat(this.#held);
    this.#held = [];
    this.#heldBytes = 0;
    return rest;
  }

  /** Whether the event that is being held is larger than any event may be. */
  get isOverfull(): boolean {
    return this.#heldBytes > maximumEventBytes;
  }

  #hold(bytes: Buffer): void {
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
  }
}

/** The offset behind the last blank line, 0 if there is none. Lines end in LF, CR LF or CR. */
function lastBoundary(bytes: Buffer): number {
  for (let i = bytes.length; i >= 2; i--) {
    const byte = bytes[i - 1];
    if (byte === lineFeed) {
      const before = bytes[i - 2];
      if (before === lineFeed) return i;
      if (before === carriageReturn && (bytes[i - 3] === lineFeed || bytes[i - 3] === carriageReturn)) return i;
    } else if (byte === carriageReturn) {
      const before = bytes[i - 2];
      if (before === carriageReturn || before === lineFeed) return i;
    }
  }
  return 0;
}

/** One event within a run of whole events. */
export interface SseEvent {
  readonly start: number;
  /** Behind the blank line that ends it. */
  readonly end: number;
  /**
   * Its `data`, as bytes of the same length and at the same offsets as in the run: where the data has several lines,
   * what stands between them is blanked. Undefined for comments and events without data.
   */
  readonly data: { readonly bytes: Buffer; readonly start: number; readonly end: number } | undefined;
}

/** The events of a run of whole events, in order. */
export function readEvents(bytes: Buffer): SseEvent[] {
  const events: SseEvent[] = [];
  let start = 0;
  let lines: [number, number][] = [];
  let at = 0;
  const plain = bytes.indexOf(carriageReturn) < 0;
  while (at < bytes.length) {
    const lineEnd = plain ? endOfPlainLine(bytes, at) : endOfLine(bytes, at);
    const next = afterLine(bytes, lineEnd);
    if (lineEnd === at) {
      events.push({ start, end: next, data: joinLines(bytes, lines) });
      start = next;
      lines = [];
    } else {
      const from = dataStart(bytes, at, lineEnd);
      if (from >= 0) lines.push([from, lineEnd]);
    }
    at = next;
  }
  if (start < bytes.length) events.push({ start, end: bytes.length, data: joinLines(bytes, lines) });
  return events;
}

function endOfPlainLine(bytes: Buffer, at: number): number {
  const end = bytes.indexOf(lineFeed, at);
  return end < 0 ? bytes.length : end;
}

function endOfLine(bytes: Buffer, at: number): number {
  let i = at;
  while (i < bytes.length && bytes[i] !== lineFeed && bytes[i] !== carriageReturn) i++;
  return i;
}

function afterLine(bytes: Buffer, lineEnd: number): number {
  return bytes[lineEnd] === carriageReturn && bytes[lineEnd + 1] === lineFeed ? lineEnd + 2 : lineEnd + 1;
}

/** Where the value of a `data` line starts; -1 for another line. */
function dataStart(bytes: Buffer, at: number, end: number): number {
  if (bytes[at] !== 0x64 || bytes[at + 1] !== 0x61 || bytes[at + 2] !== 0x74 || bytes[at + 3] !== 0x61) return -1;
  if (at + 4 === end) return end;
  if (bytes[at + 4] !== 0x3a) return -1;
  return bytes[at + 5] === 0x20 && at + 5 < end ? at + 6 : at + 5;
}

function joinLines(bytes: Buffer, lines: readonly [number, number][]): SseEvent['data'] {
  const first = lines[0];
  const last = lines[lines.length - 1];
  if (first === undefined || last === undefined) return undefined;
  if (lines.length === 1) return { bytes, start: first[0], end: first[1] };
  const copy = Buffer.from(bytes);
  for (let i = 1; i < lines.length; i++)
    copy.fill(lineFeed, (lines[i - 1] as [number, number])[1], (lines[i] as [number, number])[0]);
  return { bytes: copy, start: first[0], end: last[1] };
}
