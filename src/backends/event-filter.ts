import { JsonIndex, parseField } from '../bytes/json-index.ts';
import { applySplices } from '../bytes/splice.ts';
import { readEvents, type SseEvent, SseSplitter } from '../bytes/sse-splitter.ts';
import { readUsage, type Usage } from '../types/usage.ts';
import { holdsOutput } from './first-output.ts';

export interface EventFilterRules {
  /** The name that `model` is to have in each event; undefined: as the backend wrote it. */
  readonly answerModel: string | undefined;
  /** Take out the event that holds nothing but the usage: the gateway asked for it, the client did not. */
  readonly withholdUsage: boolean;
  /** Keep what passes, so that its text can be counted later. */
  readonly keepText: boolean;
}

// Searched for without their first characters, which stand everywhere: the native search hurries to rare bytes.
const usageKey = Buffer.from('usage"');
const doneMark = Buffer.from('DONE]');
const finishKey = Buffer.from('_reason"');
const errorKey = Buffer.from('rror"');
/** So much of a stream's events is kept as it came, since most streams report their usage, and reading costs. */
const maximumKeptBytes = 1024 * 1024;
/** Characters of text that are kept for counting at most. */
const maximumText = 4 * 1024 * 1024;

/**
 * Reads a stream of OpenAI's chunks as it passes: finds the usage, the first output and the end, and changes what the
 * rules say. Runs of events in which there is nothing to read or change pass as the very bytes that came.
 */
export class EventFilter {
  /** Whether any event had data. */
  sawData = false;
  /** Whether anything real came, which is for the client; what cannot be read is taken for real. */
  sawOutput = false;
  /** The data of an event by which the backend failed before any output. */
  startError: unknown;
  usage: Usage | undefined;
  /** Whether `[DONE]` came. */
  done = false;
  /** Whether an event came by which the backend itself says that it failed. */
  failed = false;
  readonly #rules: EventFilterRules;
  readonly #splitter = new SseSplitter();
  readonly #modelText: string;
  #kept: Buffer[] = [];
  #keptBytes = 0;
  /** Of the events before those that are kept. */
  #text = '';
  #lastRun: Buffer | undefined;
  #isSeeking = true;

  constructor(rules: EventFilterRules) {
    this.#rules = rules;
    this.#modelText = JSON.stringify(rules.answerModel ?? '');
  }

  /** What may go on of all that came so far; undefined if there is nothing yet. */
  push(chunk: Buffer): Buffer | undefined {
    const run = this.#splitter.push(chunk);
    return run === undefined ? undefined : this.#pass(run);
  }

  /** The rest of a stream that ended; an event that was cut off is dropped. */
  end(): Buffer | undefined {
    const rest = this.#splitter.rest();
    // Some servers end the last event with one line feed only.
    return rest.length > 0 && rest[rest.length - 1] === 0x0a ? this.#pass(rest) : undefined;
  }

  /** The first output does not matter any more. */
  stopSeeking(): void {
    this.#isSeeking = false;
  }

  /** Whether one event is too large to be held. */
  get isOverfull(): boolean {
    return this.#splitter.isOverfull;
  }

  /** Whether the last events said why the generation ended, so that only the `[DONE]` is missing. */
  get sawFinish(): boolean {
    if (this.#lastRun === undefined) return false;
    return readEvents(this.#lastRun).some((event) => /"finish_reason"\s*:\s*"/.test(dataText(event) ?? ''));
  }

  /** The generated text of all events that passed, as far as it was kept. */
  text(): string {
    this.#readKept();
    return this.#text;
  }

  #pass(run: Buffer): Buffer | undefined {
    if (this.#rules.keepText) {
      this.#kept.push(run);
      this.#keptBytes += run.length;
      if (this.#keptBytes > maximumKeptBytes) this.#readKept();
    }
    const hasDone = run.indexOf(doneMark) >= 0;
    if (run.indexOf(finishKey) >= 0) this.#lastRun = run;
    const mustRead =
      hasDone || this.#rules.answerModel !== undefined || this.#mayHoldUsage(run) || run.indexOf(errorKey) >= 0;
    return mustRead || this.#isSeeking ? this.#read(run, mustRead) : run;
  }

  #readKept(): void {
    for (const event of readEvents(Buffer.concat(this.#kept))) {
      if (this.#text.length < maximumText) this.#text += generatedText(dataText(event));
    }
    this.#kept = [];
    this.#keptBytes = 0;
  }

  /** Whether a run may have a `"usage"` with anything but `null` behind it. */
  #mayHoldUsage(run: Buffer): boolean {
    for (let at = run.indexOf(usageKey); at >= 0; at = run.indexOf(usageKey, at + 6)) {
      if (run.toString('latin1', at + 6, at + 11) !== ':null') return true;
    }
    return false;
  }

  /** @param whole false: only until the first output is found */
  #read(run: Buffer, whole: boolean): Buffer | undefined {
    const pieces: Buffer[] = [];
    let from = 0;
    for (const event of readEvents(run)) {
      if (!whole && !this.#isSeeking) break;
      if (event.data === undefined) continue;
      this.sawData = true;
      const changed = this.#readEvent(run, event);
      if (changed === undefined) continue;
      if (event.start > from) pieces.push(run.subarray(from, event.start));
      if (changed.length > 0) pieces.push(changed);
      from = event.end;
    }
    if (from === 0) return run;
    if (from < run.length) pieces.push(run.subarray(from));
    return pieces.length === 0 ? undefined : Buffer.concat(pieces);
  }

  /** The event as it is to go on: undefined for unchanged, no bytes for withheld. */
  #readEvent(run: Buffer, event: SseEvent): Buffer | undefined {
    const data = event.data as NonNullable<SseEvent['data']>;
    const payload = data.bytes.subarray(data.start, data.end);
    if (payload.length <= 8 && payload.toString('latin1').trim() === '[DONE]') {
      this.done = true;
      return undefined;
    }
    let index: JsonIndex;
    try {
      index = JsonIndex.read(payload);
    } catch {
      this.#found();
      return undefined; // not ours to judge: it goes on as it came
    }
    if (isError(index)) this.failed = true;
    if (this.#isSeeking) this.#seek(index);
    const usageField = index.find('usage');
    const usage = usageField === undefined ? undefined : readUsage(parseField(payload, usageField));
    if (usage !== undefined) {
      this.usage = usage;
      if (this.#rules.withholdUsage && hasNoChoices(index)) return Buffer.alloc(0);
    }
    const model = this.#rules.answerModel === undefined ? undefined : index.find('model');
    if (model === undefined) return undefined;
    const shift = data.start - event.start;
    return applySplices(run.subarray(event.start, event.end), [
      { start: model.start + shift, end: model.end + shift, text: this.#modelText },
    ]);
  }

  #seek(index: JsonIndex): void {
    if (holdsOutput(index.get('choices'))) this.#found();
    else if (isError(index) || index.get('error')) {
      this.startError = JSON.parse(index.bytes.toString());
      this.#isSeeking = false;
    }
  }

  #found(): void {
    if (this.#isSeeking) this.sawOutput = true;
    this.#isSeeking = false;
  }
}

function isError(index: JsonIndex): boolean {
  return index.find('choices') === undefined && (Boolean(index.get('error')) || index.get('object') === 'error');
}

function hasNoChoices(index: JsonIndex): boolean {
  if (index.find('choices') === undefined) return !isError(index);
  const choices = index.get('choices');
  return Array.isArray(choices) && choices.length === 0;
}

function dataText(event: SseEvent): string | undefined {
  return event.data?.bytes.toString('utf8', event.data.start, event.data.end);
}

/** The text that one chunk of a chat or a completion adds. */
export function generatedText(data: string | undefined): string {
  if (data === undefined || data.trim() === '[DONE]') return '';
  try {
    return choicesText((JSON.parse(data) as { choices?: unknown }).choices);
  } catch {
    return '';
  }
}

/** All that was generated in the choices of a chunk or of a whole answer. */
export function choicesText(choices: unknown): string {
  if (!Array.isArray(choices)) return '';
  let text = '';
  for (const choice of choices as Record<string, unknown>[]) {
    const message = (choice?.delta ?? choice?.message ?? choice) as Record<string, unknown> | undefined;
    for (const key of ['content', 'text', 'reasoning_content', 'refusal']) {
      if (typeof message?.[key] === 'string') text += message[key];
    }
    // Of servers that write both, it is the same.
    const { reasoning, reasoning_content: same } = message ?? {};
    if (typeof reasoning === 'string' && typeof same !== 'string') text += reasoning;
    for (const call of Array.isArray(message?.tool_calls) ? (message.tool_calls as Record<string, unknown>[]) : []) {
      const called = call?.function as Record<string, unknown> | undefined;
      for (const key of ['name', 'arguments']) if (typeof called?.[key] === 'string') text += called[key];
    }
  }
  return text;
}
