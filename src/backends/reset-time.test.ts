import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { longestWaitMs, readResetTime } from './reset-time.ts';

const now = Date.UTC(2026, 10, 21, 12, 0, 0);

describe('the reset of a limit', () => {
  it.each([
    ['1s', 1000],
    ['6m0s', 360_000],
    ['20ms', 20],
    ['1h2m', 3_720_000],
    ['7.66s', 7660],
    ['2m59.56s', 179_560],
    ['1h0m0.5s', 3_600_500],
    ['120µs', 0.12],
    ['12', 12_000],
    ['0', 0],
    ['1.5', 1500],
    [' 33011.382867097855 ', 33_011_382.867097855],
    [String(now / 1000 + 90), 90_000],
    [String(now + 45_000), 45_000],
    ['2026-11-21T12:00:30Z', 30_000],
    ['2026-11-21T13:00:30+01:00', 30_000],
    ['Sat, 21 Nov 2026 12:01:00 GMT', 60_000],
    ['2026-11-21T11:59:59Z', 0],
    ['1700000000', 0],
    ['3d', longestWaitMs],
    ['2027-11-21T12:00:30Z', longestWaitMs],
  ])('%j is %d ms', (text, milliseconds) => {
    expect(readResetTime(text, now)).toBeCloseTo(milliseconds, 6);
  });

  it.each([
    '',
    ' ',
    '-1',
    '-5s',
    '1x',
    's',
    '1s later',
    'soon',
    'NaN',
    'Infinity',
    '1e3',
    '0x10',
    '2026-13-45T99:99:99Z',
  ])('%j says nothing', (text) => {
    expect(readResetTime(text, now)).toBeUndefined();
  });

  it('is what was written, for any duration of parts', () => {
    const parts = fc.tuple(fc.nat(23), fc.nat(59), fc.nat(59), fc.nat(999));
    fc.assert(
      fc.property(parts, ([h, m, s, ms]) => {
        const sum = ((h * 60 + m) * 60 + s) * 1000 + ms;
        expect(readResetTime(`${h}h${m}m${s}s${ms}ms`, now)).toBe(sum);
        expect(readResetTime(`${h}h${m}m${s}.${String(ms).padStart(3, '0')}s`, now)).toBeCloseTo(sum, 6);
        expect(readResetTime(new Date(now + sum).toISOString(), now)).toBe(sum);
        expect(readResetTime(String(now + sum), now)).toBe(sum);
        expect(readResetTime(String(sum / 1000), now)).toBeCloseTo(sum, 6);
      }),
    );
  });

  it('is never negative, nor more than a day, whatever is written', () => {
    const word = fc.oneof(
      fc.string(),
      fc.stringMatching(/^[0-9.]{0,25}(ms|s|m|h|d|us)?$/),
      fc.double().map(String),
      fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
    );
    fc.assert(
      fc.property(word, (text) => {
        const wait = readResetTime(text, now);
        if (wait !== undefined) expect(wait >= 0 && wait <= longestWaitMs).toBe(true);
      }),
    );
  });
});
