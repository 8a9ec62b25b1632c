import type { AnalyzerConfig } from '../../config/approaches-config.ts';
import { GatewayError } from '../../gateway-error.ts';
import { boundedFetch } from '../tools/bounded-fetch.ts';
import type { DataKind } from './recognizer.ts';

/** Personal data that was found somewhere in a text. */
export interface FoundData {
  readonly value: string;
  readonly kind: DataKind;
  /** Whether words end where it begins and ends. */
  readonly isWords: boolean;
}

/** Questions at a time. */
const atOnce = 8;

/** What its kinds are called here; all others are `DATA`. */
const kinds: Readonly<Record<string, DataKind>> = {
  EMAIL_ADDRESS: 'EMAIL',
  PHONE_NUMBER: 'PHONE',
  CREDIT_CARD: 'CARD',
  IBAN_CODE: 'IBAN',
  IP_ADDRESS: 'IP',
  PERSON: 'PERSON',
  LOCATION: 'LOCATION',
};

/**
 * Asks a service for the personal data in texts: `POST /analyze` with `{text, language}`, answered by a list of
 * `{entity_type, start, end, score}`, whose places count Unicode characters.
 * @throws GatewayError `upstream_error` where it fails in any way, and `client_closed_request`: nothing may go on then
 */
export async function analyze(
  texts: Iterable<string>,
  config: AnalyzerConfig,
  signal: AbortSignal,
): Promise<FoundData[]> {
  const timer = new AbortController();
  const ending = setTimeout(() => timer.abort(), config.timeoutMs);
  const either = AbortSignal.any([signal, timer.signal]);
  const left = [...texts].filter((text) => /[\p{L}\p{N}]/u.test(text));
  const found: FoundData[] = [];
  const work = async () => {
    for (let text = left.pop(); text !== undefined; text = left.pop()) {
      found.push(...(await analyzeOne(text, config, either)));
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(atOnce, left.length) }, work));
    return found;
  } catch (error) {
    if (signal.aborted) throw new GatewayError('client_closed_request', 'the client went away', { cause: error });
    const why = timer.signal.aborted ? `it took longer than ${config.timeoutMs / 1000} seconds` : whyOf(error);
    throw new GatewayError(
      'upstream_error',
      `personal data could not be looked for at ${new URL(config.url).host}: ${why}`,
    );
  } finally {
    clearTimeout(ending);
    timer.abort(); // one that failed ends the others
  }
}

/** What the service did wrong, in a clause that quotes no text. */
class AnalyzerFailure extends Error {}

function whyOf(error: unknown): string {
  return error instanceof AnalyzerFailure ? error.message : 'it could not be reached';
}

async function analyzeOne(text: string, { url, language, minimumScore }: AnalyzerConfig, signal: AbortSignal) {
  const response = await boundedFetch(`${url}/analyze`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify({ text: text.toWellFormed(), language }),
    redirect: 'manual',
    signal,
  });
  const body = await response.text();
  if (response.status !== 200) throw new AnalyzerFailure(`it answered ${response.status}`);
  const characters = [...text];
  return readEntities(body)
    .filter(({ score }) => score === undefined || score >= minimumScore)
    .map(({ entity_type, start, end }): FoundData => {
      const value = characters.slice(start, end).join('');
      if (value === '' || end > characters.length)
        throw new AnalyzerFailure('it named a place that is not in the text');
      const isWords = !joins(characters[start - 1], characters[start]) && !joins(characters[end - 1], characters[end]);
      return { value, kind: kinds[entity_type] ?? 'DATA', isWords };
    });
}

interface Entity {
  readonly entity_type: string;
  readonly start: number;
  readonly end: number;
  readonly score?: number;
}

function readEntities(body: string): Entity[] {
  let entities: unknown;
  try {
    entities = JSON.parse(body);
  } catch {
    throw new AnalyzerFailure('its answer is no JSON');
  }
  if (!Array.isArray(entities) || !entities.every(isEntity))
    throw new AnalyzerFailure('its answer is no list of places');
  return entities;
}

function isEntity(value: Partial<Entity> | null): boolean {
  const isPlace = (place: unknown) => Number.isInteger(place) && (place as number) >= 0;
  return typeof value?.entity_type === 'string' && isPlace(value.start) && isPlace(value.end);
}

/** Whether two neighbours belong to one word. */
function joins(one: string | undefined, other: string | undefined): boolean {
  const isWord = (character: string | undefined) => character !== undefined && /[\p{L}\p{N}]/u.test(character);
  return isWord(one) && isWord(other);
}
