import { describe, expect, it } from 'vitest';
import { GatewayError } from '../gateway-error.ts';
import { KeyGuard } from './key-guard.ts';

const wrong = () => {
  throw new GatewayError('invalid_api_key', 'wrong');
};

function code(work: () => unknown): unknown {
  try {
    work();
    return 'passed';
  } catch (error) {
    return (error as GatewayError).code;
  }
}

describe('KeyGuard', () => {
  it('answers ten wrong keys a minute and then holds the address off, but never a right key', () => {
    let now = 0;
    const guard = new KeyGuard(() => now);
    for (let i = 0; i < 10; i++) expect(code(() => guard.check('a', wrong))).toBe('invalid_api_key');
    now = 20_000;
    expect(() => guard.check('a', wrong)).toThrow(expect.objectContaining({ status: 429, retryAfterMs: 40_000 }));
    expect(guard.check('a', () => 'me')).toBe('me');
    expect(code(() => guard.check('b', wrong))).toBe('invalid_api_key');
    now = 60_000;
    expect(code(() => guard.check('a', wrong))).toBe('invalid_api_key');
  });

  it('forgets the longest silent address first, and never more than it must', () => {
    const guard = new KeyGuard(() => 0);
    for (let i = 0; i < 11; i++) code(() => guard.check('noisy', wrong));
    for (let i = 0; i < 9_999; i++) code(() => guard.check(`address ${i}`, wrong));
    expect(code(() => guard.check('noisy', wrong))).toBe('rate_limit_exceeded');
    for (let i = 0; i < 10_000; i++) code(() => guard.check(`other ${i}`, wrong));
    expect(code(() => guard.check('noisy', wrong))).toBe('invalid_api_key');
  });
});
