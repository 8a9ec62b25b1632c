import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'undici';
import type { WebSearchConfig } from '../../config/approaches-config.ts';
import { GatewayError } from '../../gateway-error.ts';
import { version } from '../../version.ts';
import { PageFailure } from '../web/page.ts';
import { readBody } from '../web/read-body.ts';
import { brave } from './brave.ts';
import { SearchFailure, type SearchProvider, type SearchRequest, type SearchResult } from './search-provider.ts';
import { searxng } from './searxng.ts';
import { tavily } from './tavily.ts';

const providers: Readonly<Record<WebSearchConfig['provider'], SearchProvider>> = { brave, tavily, searxng };

/** Bytes of an answer; more is no list of results. */
const maximumBytes = 2_000_000;

export interface SearchOptions {
  readonly config: WebSearchConfig;
  /** As `cleanQuery` gives it. */
  readonly query: string;
  /** The most results. */
  readonly count: number;
  /** For all of it, a second try included. */
  readonly timeoutMs: number;
  /** How long is waited before the second try after a 429 that does not say how long. */
  readonly patienceMs?: number;
}

/** What a search came to; an empty list: it worked, and there is nothing. */
export type SearchOutcome =
  | { readonly found: true; readonly results: readonly SearchResult[] }
  | {
      readonly found: false;
      /** Of the provider, for errors. */
      readonly host: string;
      /** One clause that names neither host nor key nor query. */
      readonly why: string;
    };

/**
 * Searches by the provider of the configuration, and by its host alone: no redirect is followed. A 429 is tried once
 * more, as small plans allow a search each second.
 * @throws GatewayError `client_closed_request` where the signal is aborted; nothing that a provider does is thrown
 */
export async function searchWeb(options: SearchOptions, signal: AbortSignal): Promise<SearchOutcome> {
  const { config, count, timeoutMs } = options;
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), timeoutMs);
  const either = AbortSignal.any([signal, deadline.signal]);
  try {
    either.throwIfAborted();
    const results = await searchPatiently(options, performance.now() + timeoutMs, either);
    return { found: true, results: results.slice(0, count) };
  } catch (error) {
    if (signal.aborted) throw new GatewayError('client_closed_request', 'the client went away', { cause: error });
    return { found: false, host: baseOf(config).host, why: whyOf(error, deadline.signal.aborted, timeoutMs) };
  } finally {
    clearTimeout(timer);
  }
}

/** @throws what can't be a fault of the provider */
function whyOf(error: unknown, isLate: boolean, timeoutMs: number): string {
  if (isLate) return `it took longer than ${timeoutMs / 1000} seconds`;
  if (error instanceof SearchFailure) return error.message;
  if (error instanceof PageFailure) return `its answer could not be read: ${error.message}`;
  throw error;
}

/** Too many searches at the moment. */
class SearchedTooOften extends SearchFailure {
  /** Undefined: the provider does not say. */
  readonly waitMs: number | undefined;

  constructor(waitMs: number | undefined) {
    super('it answered 429: too many searches');
    this.waitMs = waitMs;
  }
}

async function searchPatiently(options: SearchOptions, endsAt: number, signal: AbortSignal) {
  try {
    return await searchOnce(options, signal);
  } catch (error) {
    if (!(error instanceof SearchedTooOften)) throw error;
    const waitMs = error.waitMs ?? options.patienceMs ?? 1000;
    if (performance.now() + waitMs >= endsAt) throw error;
    await pause(waitMs, undefined, { signal });
    return searchOnce(options, signal);
  }
}

async function searchOnce({ config, query, count }: SearchOptions, signal: AbortSignal) {
  const provider = providers[config.provider];
  const { status, headers, text } = await exchange(
    baseOf(config),
    provider.request(query, count, config.apiKey),
    signal,
  );
  if (status === 429) throw new SearchedTooOften(waitOf(headers['retry-after']));
  if (status < 200 || status > 299) throw new SearchFailure(provider.refusal?.(status) ?? refusal(status, config));
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    throw new SearchFailure('its answer is no JSON');
  }
  return provider.read(answer);
}

function baseOf({ provider, baseUrl }: WebSearchConfig): URL {
  return new URL(baseUrl ?? (providers[provider].baseUrl as string)); // the configuration asks for one where there is none
}

function refusal(status: number, { apiKey }: WebSearchConfig): string {
  if (status === 401 || status === 403) {
    return `it answered ${status}: ${apiKey === undefined ? 'it wants a key, and none is set' : 'it refuses the key'}`;
  }
  if (status >= 300 && status < 400) return `it answered ${status}, and its redirects are not followed`;
  return `it answered ${status}`;
}

/** Seconds; a date is as good as nothing here. */
function waitOf(value: string | string[] | undefined): number | undefined {
  return typeof value === 'string' && /^\d{1,6}$/.test(value.trim()) ? Number(value) * 1000 : undefined;
}

async function exchange(base: URL, { method, path, headers, body }: SearchRequest, signal: AbortSignal) {
  const client = new Client(base.origin, {
    connect: { autoSelectFamily: true, timeout: 0, allowH2: false },
    pipelining: 1,
    headersTimeout: 0, // the signal is the one clock
    bodyTimeout: 0,
  });
  try {
    const response = await client
      .request({
        method,
        path: base.pathname.replace(/\/+$/, '') + path,
        headers: { ...common, ...headers },
        body: body ?? null,
        signal,
      })
      .catch((error: unknown) => {
        throw signal.aborted ? error : new SearchFailure('it could not be reached', { cause: error });
      });
    response.body.on('error', () => {}); // told to who reads it
    const encoding = [response.headers['content-encoding'] ?? ''].flat().join(', ');
    const { bytes, truncated } = await readBody(response.body, encoding, maximumBytes);
    if (truncated) throw new SearchFailure('its answer is too large');
    return { status: response.statusCode, headers: response.headers, text: bytes.toString('utf8') };
  } finally {
    await client.destroy();
  }
}

const common = { accept: 'application/json', 'accept-encoding': 'identity', 'user-agent': `headrace/${version}` };
