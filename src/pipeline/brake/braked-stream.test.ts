import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Limit, limitId } from '../../limits/limit.ts';
import { MemoryGovernor } from '../../limits/memory-governor.ts';
import { chatCompletions } from '../../protocols/chat-completions.ts';
import type { ByteSink, ByteSource, Finish } from '../../types/answer.ts';
import type { Stop } from '../../types/stop.ts';
import { BrakedStream } from './braked-stream.ts';
import { OutputBudget } from './output-budget.ts';
import { Purse } from './purse.ts';

const complete: Finish = { outcome: 'complete', usage: undefined, error: undefined, text: undefined };

/** Gives its pieces at once or one by one, and stops for its reader or not, as backends' readers do. */
class Pieces implements ByteSource {
  readonly finished: Promise<Finish>;
  isCancelled = false;
  readonly #pieces: readonly Buffer[];
  readonly #isPatient: boolean;
  #finish: (finish: Finish) => void = () => undefined;
  #at = 0;
  #isRunning = false;
  #sink: ByteSink | undefined;

  constructor(pieces: readonly Buffer[], isPatient: boolean) {
    this.#pieces = pieces;
    this.#isPatient = isPatient;
    this.finished = new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  start(sink: ByteSink): void {
    this.#sink = sink;
    this.resume();
  }

  resume(): void {
    if (this.#isRunning || this.isCancelled) return;
    this.#isRunning = true;
    while (this.#at < this.#pieces.length && !this.isCancelled) {
      const goesOn = this.#sink?.write(this.#pieces[this.#at++] as Buffer);
      if (goesOn === false && this.#isPatient) {
        this.#isRunning = false;
        return;
      }
    }
    if (this.isCancelled) return;
    this.#sink?.end();
    this.#finish(complete);
  }

  cancel(): void {
    this.isCancelled = true;
    this.#finish({ ...complete, outcome: 'cancelled' });
  }
}

/** A reader that is full after every so many pieces. */
class Reader implements ByteSink {
  readonly ended: Promise<void>;
  text = '';
  readonly #every: number;
  readonly #drained: () => void;
  #end: () => void = () => undefined;
  #count = 0;

  constructor(every: number, drained: () => void) {
    this.#every = every;
    this.#drained = drained;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  write(chunk: Buffer): boolean {
    this.text += chunk.toString();
    if (++this.#count % this.#every !== 0) return true;
    void turn().then(this.#drained);
    return false;
  }

  end(): void {
    this.#end();
  }
}

interface Setup {
  readonly words: readonly string[];
  /** How many events stand in each piece, in turn. */
  readonly runs: readonly number[];
  readonly isPatient: boolean;
  readonly fullEvery: number;
  readonly maximum: number;
}

function eventOf(content: string): string {
  const choices = [{ index: 0, delta: { content }, finish_reason: null }];
  return `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices })}\n\n`;
}

function piecesOf(events: readonly string[], runs: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0, nth = 0; at < events.length; nth++) {
    const length = runs[nth % runs.length] as number;
    pieces.push(Buffer.from(events.slice(at, at + length).join('')));
    at += length;
  }
  return pieces;
}

/** A budget for which every word is a token, and which has almost nothing reserved in the beginning. */
function openBudget(maximum: number): OutputBudget {
  const level = { kind: 'key', name: 'alice' } as const;
  const limit: Limit = { id: limitId(level, 'tokens', 'day'), level, resource: 'tokens', period: 'day', maximum };
  const governor = new MemoryGovernor();
  const bound = governor.bind([limit]);
  const demand = { requests: 1, tokens: 1, cost: 0 };
  const admission = governor.admit(bound, demand);
  if (!admission.admitted) throw new Error('it is not let in');
  const limits = { bound, needsTokens: true, needsCost: false, downgradeTo: undefined };
  return new OutputBudget(0, {
    purse: new Purse(admission.grant, demand, limits, governor),
    taken: (_, tokens) => ({ tokens, cost: 0 }),
    countPrompt: async () => 0,
    countText: async (text) => {
      await turn();
      return text.match(/\S+/g)?.length ?? 0;
    },
  });
}

async function run({ words, runs, isPatient, fullEvery, maximum }: Setup) {
  const events = [...words.map(eventOf), ': a comment\n\n', 'data: [DONE]\n\n'];
  const source = new Pieces(piecesOf(events, runs), isPatient);
  let stop: Stop | undefined;
  const stream = new BrakedStream(source, source.finished, {
    call: { protocol: chatCompletions, wantsUsage: false, signal: new AbortController().signal },
    budget: openBudget(maximum),
    repetition: undefined,
    count: async () => ({
      promptTokens: 0,
      completionTokens: 0,
      totalTokens: 0,
      cachedTokens: undefined,
      reasoningTokens: undefined,
    }),
    stopped: (why) => {
      stop = why;
    },
    failed: (error) => {
      throw error;
    },
  });
  const reader = new Reader(fullEvery, () => stream.resume());
  stream.start(reader);
  await reader.ended;
  return { events, text: reader.text, stop, finish: await stream.finished, source };
}

const setup = fc.record({
  words: fc.array(
    fc.string({ minLength: 1, maxLength: 30 }).map((text) => ` ${text.replaceAll(/\s/g, '_')}`),
    { minLength: 1, maxLength: 300, size: 'max' },
  ),
  runs: fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 }),
  isPatient: fc.boolean(),
  fullEvery: fc.integer({ min: 1, max: 10 }),
});

describe('a braked stream', () => {
  it('passes on byte for byte what fits, however it comes and is read', async () => {
    await fc.assert(
      fc.asyncProperty(setup, async (how) => {
        const { events, text, stop, finish } = await run({ ...how, maximum: 1000 });
        expect(text).toBe(events.join(''));
        expect([stop, finish]).toEqual([undefined, complete]);
      }),
      { numRuns: 100 },
    );
  });

  it('ends behind the last whole event that fits', async () => {
    await fc.assert(
      fc.asyncProperty(setup, fc.integer({ min: 1, max: 100 }), async (how, maximum) => {
        fc.pre(how.words.length > maximum);
        const { events, text, stop, finish, source } = await run({ ...how, maximum });
        const passed = events.slice(0, maximum).join('');
        expect(text.slice(0, passed.length)).toBe(passed);
        expect(text.slice(passed.length)).toMatch(
          /^: headrace stopped: budget key:alice\/tokens\/day\n\ndata: \{.*"finish_reason":"length".*\}\n\ndata: \[DONE\]\n\n$/,
        );
        expect(stop).toMatchObject({ why: 'budget' });
        expect([finish.outcome, finish.text?.()]).toEqual(['complete', how.words.slice(0, maximum).join('')]);
        expect(source.isCancelled).toBe(true);
      }),
      { numRuns: 15 },
    );
  });
});
