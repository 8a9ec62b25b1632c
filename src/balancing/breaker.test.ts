import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Breaker } from './breaker.ts';

const config = { failures: 3, openMs: 1000, longestMs: 5000 };
/** No variation of the times. */
const middle = () => 0.5;

function withClock(settings = config, random = middle) {
  const clock = { now: 0 };
  return { clock, breaker: new Breaker(settings, () => clock.now, random) };
}

function fail(breaker: Breaker, times: number): void {
  for (let i = 0; i < times; i++) {
    breaker.enter();
    breaker.failed();
  }
}

describe('Breaker', () => {
  it('opens after so many failures in a row, and lets exactly one probe in', () => {
    const { clock, breaker } = withClock();
    fail(breaker, 2);
    breaker.succeeded();
    fail(breaker, 2);
    expect(breaker.state).toBe('closed');
    fail(breaker, 1);
    expect(breaker).toMatchObject({ state: 'open', admits: false, waitMs: 1000 });
    clock.now = 999;
    expect(breaker.enter()).toBe(false);
    clock.now = 1000;
    expect(breaker).toMatchObject({ state: 'half-open', admits: true, waitMs: 0 });
    expect(breaker.enter()).toBe(true);
    expect(breaker).toMatchObject({ state: 'half-open', admits: false });
    expect(breaker.enter()).toBe(false);
    breaker.succeeded();
    expect(breaker).toMatchObject({ state: 'closed', admits: true });
  });

  it('opens where half of the last 20 failed, of 10 at the least', () => {
    const { breaker } = withClock({ ...config, failures: 100 });
    for (let i = 0; i < 4; i++) {
      breaker.succeeded();
      breaker.failed();
    }
    expect(breaker.state).toBe('closed'); // half of 8
    breaker.succeeded();
    breaker.failed();
    expect(breaker.state).toBe('open');
    const { breaker: other } = withClock({ ...config, failures: 100 });
    for (let i = 0; i < 50; i++) other.succeeded();
    for (let i = 0; i < 9; i++) other.failed();
    expect(other.state).toBe('closed');
    other.failed();
    expect(other.state).toBe('open');
  });

  it('stays open twice as long after each probe that fails, up to the longest time, and starts anew when closed', () => {
    const { clock, breaker } = withClock();
    fail(breaker, 3);
    const waits = [];
    for (let i = 0; i < 4; i++) {
      waits.push(breaker.waitMs);
      clock.now += breaker.waitMs;
      fail(breaker, 1);
    }
    expect(waits).toEqual([1000, 2000, 4000, 5000]);
    clock.now += breaker.waitMs;
    breaker.enter();
    breaker.succeeded();
    fail(breaker, 3);
    expect(breaker.waitMs).toBe(1000);
  });

  it('holds nothing of what was before against one that is closed again', () => {
    const { clock, breaker } = withClock();
    fail(breaker, 3);
    clock.now = 1000;
    breaker.enter();
    breaker.succeeded();
    fail(breaker, 2);
    for (let i = 0; i < 4; i++) breaker.succeeded();
    fail(breaker, 1); // the third of seven; the sixth of ten with those before
    expect(breaker.state).toBe('closed');
  });

  it('lets the next probe in at once where one was left', () => {
    const { clock, breaker } = withClock();
    fail(breaker, 3);
    clock.now = 1000;
    expect(breaker.enter()).toBe(true);
    breaker.left();
    expect(breaker.enter()).toBe(true);
    breaker.failed();
    expect(breaker.waitMs).toBe(2000);
  });

  it('never opens where it is turned off', () => {
    const { breaker } = withClock({ ...config, failures: 0 });
    fail(breaker, 100);
    expect(breaker).toMatchObject({ state: 'closed', admits: true });
    expect(breaker.enter()).toBe(true);
  });

  it('varies its times by a tenth, and never beyond the longest', () => {
    const times = [0, 0.25, 0.999].map((random) => {
      const { breaker } = withClock(config, () => random);
      fail(breaker, 3);
      return breaker.waitMs;
    });
    [900, 950, 1099.8].forEach((wanted, index) => {
      expect(times[index]).toBeCloseTo(wanted);
    });
    const { breaker } = withClock({ ...config, openMs: 5000 }, () => 0.999);
    fail(breaker, 3);
    expect(breaker.waitMs).toBe(5000);
  });

  it('is not moved by calls that began before it opened', () => {
    const { clock, breaker } = withClock();
    fail(breaker, 3);
    breaker.succeeded();
    breaker.failed();
    breaker.left();
    expect(breaker).toMatchObject({ state: 'open', waitMs: 1000 });
    clock.now = 1000;
    breaker.failed();
    expect(breaker).toMatchObject({ state: 'half-open', admits: true });
  });

  it('does what a plain model does, whatever happens', () => {
    const event = fc.oneof(
      fc.constantFrom('enter', 'succeeded', 'failed', 'left'),
      fc.integer({ min: 1, max: 1500 }), // time that goes by
    );
    fc.assert(
      fc.property(
        fc.array(event, { maxLength: 120, size: 'max' }),
        fc.integer({ min: 0, max: 6 }),
        (events, failures) => {
          const settings = { failures, openMs: 1000, longestMs: 3000 };
          const { clock, breaker } = withClock(settings);
          const model = new Model(settings);
          for (const one of events) {
            if (typeof one === 'number') clock.now += one;
            else expect(breaker[one]()).toBe(model.does(one, clock.now));
            expect(breaker.state).toBe(model.state(clock.now));
            expect(breaker.admits).toBe(model.state(clock.now) !== 'open' && !model.probing);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});

/** The rules once more, as plainly as can be. */
class Model {
  probing = false;
  readonly #settings: typeof config;
  #open: { since: number; lasts: number } | undefined;
  #outcomes: boolean[] = [];

  constructor(settings: typeof config) {
    this.#settings = settings;
  }

  state(now: number): 'closed' | 'open' | 'half-open' {
    if (this.#open === undefined) return 'closed';
    return now - this.#open.since < this.#open.lasts ? 'open' : 'half-open';
  }

  does(what: 'enter' | 'succeeded' | 'failed' | 'left', now: number): boolean | undefined {
    if (what === 'enter') {
      const enters = this.state(now) === 'closed' || (this.state(now) === 'half-open' && !this.probing);
      if (this.state(now) === 'half-open') this.probing = true;
      return enters;
    }
    if (this.#open === undefined && what !== 'left') this.#note(what === 'failed', now);
    else if (this.probing) this.#probed(what, now);
    return undefined;
  }

  #note(failed: boolean, now: number): void {
    this.#outcomes.push(failed);
    const { failures, openMs } = this.#settings;
    if (!failed || failures === 0) return;
    const inRow = this.#outcomes.slice(-failures);
    const recent = this.#outcomes.slice(-20);
    const share = recent.filter(Boolean).length / recent.length;
    if ((inRow.length === failures && inRow.every(Boolean)) || (recent.length >= 10 && share >= 0.5)) {
      this.#open = { since: now, lasts: openMs };
    }
  }

  #probed(what: string, now: number): void {
    this.probing = false;
    if (what === 'succeeded') {
      this.#open = undefined;
      this.#outcomes = [];
    } else if (what === 'failed') {
      const lasts = (this.#open?.lasts ?? 0) * 2;
      this.#open = { since: now, lasts: Math.min(lasts, this.#settings.longestMs) };
    }
  }
}
