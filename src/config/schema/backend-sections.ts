import * as z from 'zod';
import { amount, fieldTexts, seconds, variableName, wholeNumber } from './fields.ts';

export const queueDefaults = { size: 100, timeout: 30 } as const;

export const breakerFileDefaults = { failures: 5, open: 5, longest: 60 } as const;

function rate(description: string, example: number) {
  return wholeNumber(description, { minimum: 1, example }).optional();
}

const pooledKey = z
  .strictObject({
    name: variableName('The environment variable that holds the key.', 'MY_API_KEY_2'),
    weight: amount('Its share of the calls, compared with the other keys.', {
      above: 0,
      maximum: 1_000_000,
      example: 2,
    }).default(1),
    requests_per_minute: rate('The most calls with this key in any span of 60 seconds.', 60),
    tokens_per_minute: rate('The most tokens with this key in any span of 60 seconds.', 1_000_000),
  })
  .describe('A key of the pool.');

/** `api_key_env_vars`: several keys of one backend. */
export const keyPool = z
  .array(
    z
      .union([variableName('The environment variable that holds a key.', 'MY_API_KEY_1'), pooledKey])
      .describe('One key: its variable, or a mapping with the variable as `name`.')
      .register(fieldTexts, {
        expects: 'the name of an environment variable, or a mapping with name, weight and rates',
        example: 'MY_API_KEY_1',
      }),
  )
  .min(1, { error: 'must name at least one variable' })
  .describe('Several keys, among which the calls are spread, instead of `api_key_env_var`.');

function price(description: string, example: number) {
  return amount(description, { minimum: 0, maximum: 1_000_000, example }).optional();
}

/** What a model costs. */
export const prices = z
  .strictObject({
    input: price('For a million tokens of input.', 2.5),
    cached_input: price('For a million tokens of input that the provider had in its cache.', 1.25),
    output: price('For a million tokens of output.', 10),
  })
  .describe('Prices in US dollars for a million tokens. What is left out is unknown, which is not 0.');

/** `queue`: who waits for a place. */
export const queueSection = z
  .strictObject({
    size: wholeNumber('The most calls that wait; 0: none waits.', {
      minimum: 0,
      maximum: 1_000_000,
      example: queueDefaults.size,
    }).default(queueDefaults.size),
    timeout: seconds('The longest that a call waits.', {
      above: 0,
      maximum: 86_400,
      example: queueDefaults.timeout,
    }).default(queueDefaults.timeout),
  })
  .describe('The calls that wait for a place. Only with `max_concurrent`.');

/** `breaker`: when a failing model of a backend is left alone. */
export const breakerSection = z
  .strictObject({
    failures: wholeNumber('Failures in a row after which a model of this backend is left alone; 0: never.', {
      minimum: 0,
      maximum: 1_000_000,
      example: breakerFileDefaults.failures,
    }).default(breakerFileDefaults.failures),
    open: seconds('How long it is left alone at first; this doubles with each probe that fails.', {
      above: 0,
      maximum: 86_400,
      example: breakerFileDefaults.open,
    }).default(breakerFileDefaults.open),
    longest: seconds('The longest that it is left alone.', {
      above: 0,
      maximum: 86_400,
      example: breakerFileDefaults.longest,
    }).default(breakerFileDefaults.longest),
  })
  .describe('When calls are kept away from a model that fails, where another candidate can take them.');
