import { readEvents } from '../../bytes/sse-splitter.ts';
import type { RepetitionConfig } from '../../config/brake-settings.ts';
import type { GatewayError } from '../../gateway-error.ts';
import type { Answer, ByteSink, ByteSource, Finish } from '../../types/answer.ts';
import type { Call } from '../../types/call.ts';
import type { Stop } from '../../types/stop.ts';
import type { Usage } from '../../types/usage.ts';
import { type GeneratedChunk, readChunk } from './generated-chunk.ts';
import type { OutputBudget } from './output-budget.ts';
import { RepetitionWatch } from './repetition-watch.ts';
import { stopEvents } from './stop-events.ts';

/** Of a longer text the rest is not kept for counting. */
const maximumKeptCharacters = 16 * 1024 * 1024;
/** More choices than that share one watch. */
const maximumChoices = 128;

export interface BrakeOptions {
  readonly call: Pick<Call, 'protocol' | 'wantsUsage' | 'signal'>;
  /** Undefined: nothing limits it. */
  readonly budget: OutputBudget | undefined;
  /** Undefined: it may repeat itself. */
  readonly repetition: RepetitionConfig | undefined;
  /** Prompt and output in tokens. */
  readonly count: (text: string) => Promise<Usage>;
  /** Told once, before the client is. */
  readonly stopped: (stop: Stop) => void;
  /** Told of a count that failed. */
  readonly failed: (error: unknown) => void;
}

/**
 * A stream of whole events that is ended between two of them where its budget is spent or where it repeats itself.
 * Until then its bytes pass as they came.
 */
export class BrakedStream implements ByteSource {
  readonly finished: Promise<Finish>;
  readonly #source: ByteSource;
  readonly #sourceFinished: Promise<Finish>;
  readonly #options: BrakeOptions;
  readonly #texts: string[] = [];
  #keptCharacters = 0;
  readonly #watches = new Map<number, RepetitionWatch>();
  readonly #openChoices = new Set<number>();
  #state: 'flowing' | 'held' | 'stopping' | 'over' = 'flowing';
  /** Whole events that wait until it is known whether the first of them fits. */
  #held: Buffer[] = [];
  /** How the source ended while events were held. */
  #end: { readonly error: GatewayError | undefined } | undefined;
  #sink: ByteSink | undefined;
  #isSinkFull = false;
  #finish: (finish: Finish) => void = () => undefined;

  constructor(source: ByteSource, sourceFinished: Answer['finished'], options: BrakeOptions) {
    this.#source = source;
    this.#sourceFinished = sourceFinished;
    this.#options = options;
    this.finished = new Promise((resolve) => {
      this.#finish = resolve;
    });
    // A reader that has gone is told no end. What was held is not counted, as nothing was reserved for it.
    void sourceFinished.then((finish) => {
      if (finish.outcome !== 'cancelled' || this.#state === 'stopping') return;
      this.#over({ ...finish, text: finish.text && (() => this.#texts.join('')) });
    });
  }

  start(sink: ByteSink): void {
    this.#sink = sink;
    this.#source.start({
      write: (chunk) => this.#write(chunk),
      end: (error) => {
        this.#end = { error };
        if (this.#state === 'flowing') this.#endAsItDid();
      },
    });
  }

  resume(): void {
    this.#isSinkFull = false;
    if (this.#state === 'flowing') this.#source.resume();
  }

  cancel(): void {
    this.#source.cancel();
  }

  #write(chunk: Buffer): boolean {
    if (this.#state === 'flowing') return this.#read(chunk, false);
    if (this.#state === 'held') this.#held.push(chunk);
    return false;
  }

  /**
   * @param isFirstTaken whether the first text in it is taken from the budget already
   * @returns false: no more for now
   */
  #read(chunk: Buffer, isFirstTaken: boolean): boolean {
    const { budget } = this.#options;
    let isTaken = isFirstTaken;
    for (const event of readEvents(chunk)) {
      const read = readChunk(event);
      if (read === undefined) continue;
      if (read.text !== '') {
        if (!isTaken && budget?.take(read.text) === false) {
          this.#passOn(chunk.subarray(0, event.start));
          this.#state = 'held';
          this.#held.unshift(chunk.subarray(event.start));
          void this.#askForMore(budget, read);
          return false;
        }
        isTaken = false;
        this.#keep(read.text);
      }
      if (this.#repeats(read)) {
        this.#passOn(chunk.subarray(0, event.end));
        void this.#stop({ why: 'repetition', limit: undefined }, read);
        return false;
      }
    }
    return this.#passOn(chunk);
  }

  #passOn(bytes: Buffer): boolean {
    if (bytes.length > 0 && this.#sink?.write(bytes) === false) this.#isSinkFull = true;
    return !this.#isSinkFull;
  }

  #keep(text: string): void {
    if (this.#keptCharacters >= maximumKeptCharacters) return;
    this.#keptCharacters += text.length;
    this.#texts.push(text);
  }

  /** Notes what a chunk says of its choices. @returns whether one of them runs in a circle */
  #repeats({ choices }: GeneratedChunk): boolean {
    const { repetition } = this.#options;
    let isRunning = false;
    for (const { index, text, isFinished } of choices) {
      if (isFinished) this.#openChoices.delete(index);
      else this.#openChoices.add(index);
      if (repetition === undefined || text === '') continue;
      const slot = Math.min(index, maximumChoices);
      let watch = this.#watches.get(slot);
      if (watch === undefined) {
        watch = new RepetitionWatch(repetition);
        this.#watches.set(slot, watch);
      }
      isRunning = watch.push(text) || isRunning;
    }
    return isRunning;
  }

  async #askForMore(budget: OutputBudget, read: GeneratedChunk): Promise<void> {
    const empty = await budget.takeCounted(read.text);
    if (this.#state !== 'held') return; // the client has left
    if (empty !== undefined) return this.#stop({ why: 'budget', limit: empty.limit }, read);
    this.#goOn();
  }

  #goOn(): void {
    this.#state = 'flowing';
    const held = this.#held;
    this.#held = [];
    for (const [at, chunk] of held.entries()) {
      this.#read(chunk, at === 0);
      if (this.#state === 'flowing') continue;
      this.#held.push(...held.slice(at + 1));
      return;
    }
    if (this.#end !== undefined) this.#endAsItDid();
    else if (!this.#isSinkFull) this.#source.resume();
  }

  #endAsItDid(): void {
    this.#sink?.end(this.#end?.error);
    void this.#sourceFinished.then((finish) => this.#over(finish));
  }

  /** @param like a chunk of the stream, be it one that is not passed on */
  async #stop(stop: Omit<Stop, 'isCounted'>, like: GeneratedChunk): Promise<void> {
    const { call, stopped } = this.#options;
    this.#state = 'stopping';
    this.#held = [];
    this.#source.cancel();
    const ended = await this.#sourceFinished;
    const reported = ended.usage?.totalTokens === undefined ? undefined : ended.usage;
    const usage = reported ?? (await this.#count());
    const text = () => this.#texts.join('');
    if (call.signal.aborted) return this.#over({ outcome: 'cancelled', usage: reported, error: undefined, text });
    const why = { ...stop, isCounted: reported === undefined };
    stopped(why);
    const open = [...this.#openChoices].toSorted((one, other) => one - other);
    const { protocol, wantsUsage } = call;
    const told = { stop: why, protocol, like: like.fields, open, usage: wantsUsage ? usage : undefined };
    this.#sink?.write(stopEvents(told));
    this.#sink?.end();
    this.#over({ outcome: 'complete', usage, error: undefined, text });
  }

  /** Undefined: it cannot be counted; whoever settles the call says so. */
  async #count(): Promise<Usage | undefined> {
    try {
      return await this.#options.count(this.#texts.join(''));
    } catch (error) {
      this.#options.failed(error);
      return undefined;
    }
  }

  #over(finish: Finish): void {
    this.#state = 'over';
    this.#finish(finish);
  }
}
