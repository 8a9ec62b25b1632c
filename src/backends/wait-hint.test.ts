import { describe, expect, it } from 'vitest';
import { readQuota } from './read-quota.ts';
import type { UpstreamHeaders } from './transport.ts';
import { readErrorBody } from './upstream-error-body.ts';
import { exhaustedRestMs, readWaitHint } from './wait-hint.ts';

function hintOf(status: number, headers: UpstreamHeaders, body: unknown = {}): number | undefined {
  const said = readErrorBody(typeof body === 'string' ? body : JSON.stringify(body));
  return readWaitHint(status, headers, said, readQuota(headers));
}

const openai = (message: string, code: string | null = 'rate_limit_exceeded') => ({
  error: { message, type: 'tokens', param: null, code },
});

describe('how long a 429 asks to wait', () => {
  it.each<[string, UpstreamHeaders, unknown, number]>([
    ['OpenAI: retry-after-ms', { 'retry-after-ms': '1898', 'retry-after': '2' }, openai('x'), 1898],
    ['OpenAI: its words', {}, openai('Limit 30000, Used 29000. Please try again in 1.898s. See the limits.'), 1898],
    ['OpenAI: minutes in its words', {}, openai('Limit 3, Used 3. Please try again in 6m0s.'), 360_000],
    ['OpenAI: milliseconds', {}, openai('Please try again in 20ms. Visit the page.'), 20],
    [
      'OpenAI: the limit that is used up',
      {
        'x-ratelimit-remaining-requests': '0',
        'x-ratelimit-reset-requests': '8.64s',
        'x-ratelimit-remaining-tokens': '149984',
        'x-ratelimit-reset-tokens': '6ms',
      },
      openai('slow down'),
      8640,
    ],
    ['Azure: words', {}, { error: { code: '429', message: 'Please retry after 30 seconds.' } }, 30_000],
    [
      'Azure: a day in its words',
      {},
      { error: { code: '429', message: 'Please retry after 86400 seconds.' } },
      86_400_000,
    ],
    [
      'Groq: both are used up',
      {
        'x-ratelimit-remaining-requests': '0',
        'x-ratelimit-reset-requests': '2m59.56s',
        'x-ratelimit-remaining-tokens': '0',
        'x-ratelimit-reset-tokens': '7.66s',
      },
      openai('rate limit'),
      179_560,
    ],
    ['Groq: hours', {}, openai('Limit 1000. Please try again in 1h2m3.5s. Need more?'), 3_723_500],
    [
      'no remaining is said: the smaller one',
      { 'x-ratelimit-reset-requests': '1m0s', 'x-ratelimit-reset-tokens': '15s' },
      openai('x'),
      15_000,
    ],
    [
      'Gemini: RetryInfo',
      {},
      [
        {
          error: {
            code: 429,
            message: 'You exceeded your current quota, please check your plan.',
            status: 'RESOURCE_EXHAUSTED',
            details: [
              { '@type': 'type.googleapis.com/google.rpc.QuotaFailure', violations: [] },
              { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '12s' },
            ],
          },
        },
      ],
      12_000,
    ],
    ['Gemini: words', {}, { error: { code: 429, message: 'Quota exceeded. Please retry in 12.3s.' } }, 12_300],
    [
      'Together: seconds until the reset',
      { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '3' },
      openai('x'),
      3000,
    ],
    [
      'Cerebras: the minute and the day',
      { 'x-ratelimit-remaining-requests-day': '0', 'x-ratelimit-reset-requests-day': '33011.38' },
      openai('x'),
      33_011_380,
    ],
    ['several words', {}, openai('Wait 1 minute and 30 seconds before the next one'), 90_000],
    ['Retry-After before all else', { 'retry-after': '7', 'x-ratelimit-reset': '3' }, openai('try again in 1s'), 7000],
    ['Retry-After of more than a day', { 'retry-after': '1000000' }, openai('x'), 86_400_000],
  ])('%s', (_who, headers, body, milliseconds) => {
    expect(hintOf(429, headers, body)).toBeCloseTo(milliseconds, 3);
  });

  it('is the time until a moment, where one is said', () => {
    const at = new Date(Date.now() + 60_000);
    const anthropic = {
      'anthropic-ratelimit-requests-remaining': '0',
      'anthropic-ratelimit-requests-reset': at.toISOString(),
    };
    const openrouter = {
      error: {
        message: 'Rate limit exceeded: free-models-per-min.',
        code: 429,
        metadata: {
          headers: { 'X-RateLimit-Limit': '20', 'X-RateLimit-Remaining': '0', 'X-RateLimit-Reset': String(+at) },
        },
      },
    };
    for (const hint of [hintOf(429, anthropic), hintOf(429, {}, openrouter)]) {
      expect(hint).toBeGreaterThan(50_000);
      expect(hint).toBeLessThanOrEqual(60_000);
    }
  });

  it.each<[string, UpstreamHeaders, unknown]>([
    ['vLLM and others: nothing', {}, openai('Rate limit exceeded')],
    [
      'Mistral: what is left, but not for how long',
      { 'x-ratelimit-remaining-req-minute': '0' },
      { message: 'Rate limit exceeded' },
    ],
    ['words without a time', {}, openai('Please try again later. 5 users are waiting')],
    [
      'nonsense',
      { 'retry-after': 'soon', 'x-ratelimit-reset': '-3', 'retry-after-ms': 'NaN' },
      openai('try again in -5s'),
    ],
    ['a time of something else', {}, openai('Your limit of 10 requests in 60s is used up')],
  ])('is unknown: %s', (_who, headers, body) => {
    expect(hintOf(429, headers, body)).toBeUndefined();
  });
});

describe('how long other refusals ask to wait', () => {
  it('is what Retry-After says, and nothing else', () => {
    const reset = { 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '9s' };
    expect(hintOf(503, { 'retry-after': '4' }, openai('x'))).toBe(4000);
    expect(hintOf(503, reset, openai('try again in 5s'))).toBeUndefined();
    expect(hintOf(400, reset, openai('try again in 5s', null))).toBeUndefined();
  });

  it('is long where the credit is used up, unless more is said', () => {
    const quota = openai(
      'You exceeded your current quota, please check your plan and billing details.',
      'insufficient_quota',
    );
    expect(hintOf(429, {}, quota)).toBe(exhaustedRestMs);
    expect(hintOf(429, { 'x-ratelimit-reset-requests': '1s', 'x-ratelimit-remaining-requests': '9' }, quota)).toBe(
      exhaustedRestMs,
    );
    expect(hintOf(429, { 'retry-after': '3' }, quota)).toBe(3000);
    expect(hintOf(400, {}, openai('x', 'billing_hard_limit_reached'))).toBe(exhaustedRestMs);
    expect(hintOf(402, {}, 'Insufficient Balance')).toBe(exhaustedRestMs);
    expect(hintOf(402, {}, openai('You requested up to 64000 tokens, but can only afford 2666.'))).toBeUndefined();
    expect(hintOf(500, {}, openai('x', 'insufficient_quota'))).toBeUndefined();
  });
});
