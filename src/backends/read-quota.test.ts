import { describe, expect, it } from 'vitest';
import { readQuota } from './read-quota.ts';

const now = Date.UTC(2026, 10, 21, 12, 0, 0);
const unsaid = {
  remainingRequests: undefined,
  remainingTokens: undefined,
  requestsResetMs: undefined,
  tokensResetMs: undefined,
};

describe('what is left of a key', () => {
  it.each([
    [
      'OpenAI and Groq',
      {
        'x-ratelimit-limit-requests': '30000',
        'x-ratelimit-remaining-requests': '29999',
        'x-ratelimit-reset-requests': '2ms',
        'x-ratelimit-remaining-tokens': '149984',
        'x-ratelimit-reset-tokens': '6m0s',
      },
      { remainingRequests: 29_999, requestsResetMs: 2, remainingTokens: 149_984, tokensResetMs: 360_000 },
    ],
    [
      'Anthropic',
      {
        'anthropic-ratelimit-requests-remaining': '999',
        'anthropic-ratelimit-requests-reset': '2026-11-21T12:00:01Z',
        'anthropic-ratelimit-tokens-remaining': '96000',
        'anthropic-ratelimit-tokens-reset': '2026-11-21T12:01:00Z',
      },
      { remainingRequests: 999, requestsResetMs: 1000, remainingTokens: 96_000, tokensResetMs: 60_000 },
    ],
    [
      'Mistral',
      { 'x-ratelimit-remaining-req-minute': '717', 'x-ratelimit-remaining-tokens-minute': '4999911' },
      { ...unsaid, remainingRequests: 717, remainingTokens: 4_999_911 },
    ],
    [
      'Together',
      { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1' },
      { ...unsaid, remainingRequests: 0, requestsResetMs: 1000 },
    ],
    [
      'OpenRouter',
      { 'x-ratelimit-remaining': '19', 'x-ratelimit-reset': String(now + 5000) },
      { ...unsaid, remainingRequests: 19, requestsResetMs: 5000 },
    ],
    [
      'a part of it unreadable',
      {
        'x-ratelimit-remaining-requests': 'many',
        'x-ratelimit-remaining-tokens': '-3',
        'x-ratelimit-reset-tokens': '?',
      },
      { ...unsaid, remainingTokens: 0 },
    ],
    ['a header that came twice', { 'x-ratelimit-remaining-requests': ['4', '9'] }, { ...unsaid, remainingRequests: 4 }],
  ])('%s', (_who, headers, quota) => {
    expect(readQuota(headers, now)).toEqual(quota);
  });

  it('is unknown without such headers, or where all of them are unreadable', () => {
    expect(readQuota({})).toBeUndefined();
    expect(readQuota({ 'content-type': 'application/json', 'x-ratelimit-limit-requests': '5' })).toBeUndefined();
    expect(readQuota({ 'x-ratelimit-remaining-requests': 'unlimited' })).toBeUndefined();
  });
});
