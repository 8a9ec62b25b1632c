import type { Fault } from './backend.ts';
import type { UpstreamErrorBody } from './upstream-error-body.ts';

/** The resource is not there, or not for a request like this; another model may take it. */
const mismatches: ReadonlySet<number> = new Set([404, 405, 410, 413]);

/** Whose fault an answer with this status is, by the status and by what its body says. */
export function faultOf(status: number, said: UpstreamErrorBody): Fault {
  if (status === 429 || status === 402 || isExhausted(status, said)) return 'quota';
  if (status === 401 || status === 403 || saysBadKey(status, said)) return 'key';
  if (mismatches.has(status) || (status < 500 && saysNoModel(said))) return 'mismatch';
  // 408: it waited for the request in vain. 424: how text-generation-inference says that generating failed.
  if (status >= 500 || status < 400 || status === 408 || status === 424) return 'backend';
  return 'client';
}

const exhaustedCodes: ReadonlySet<unknown> = new Set([
  'insufficient_quota',
  'billing_hard_limit_reached',
  'billing_not_active',
  'billing_error',
  'insufficient_balance',
]);
const exhaustedWordings = /credit balance is too low|insufficient (balance|credits|funds)|used all available credits/i;

/** Whether the key's credit is used up, which no short wait can mend. */
export function isExhausted(status: number, said: UpstreamErrorBody): boolean {
  if (status === 402) return !/can only afford/i.test(said.message); // OpenRouter: not enough for this request
  return status >= 400 && status < 500 && (isNamed(said, exhaustedCodes) || exhaustedWordings.test(said.message));
}

/** Some vendors refuse a key with 400. */
function saysBadKey(status: number, said: UpstreamErrorBody): boolean {
  if (status !== 400) return false;
  return isNamed(said, badKeyCodes) || badKeyWordings.test(said.message);
}

const badKeyCodes: ReadonlySet<unknown> = new Set(['invalid_api_key', 'authentication_error']);
const badKeyWordings = /\b(incorrect|invalid) api key\b|\bapi key (not valid|expired)/i;

const noModelCodes: ReadonlySet<unknown> = new Set(['model_not_found', 'invalid_model', 'model_not_available']);
const noModelWordings =
  /\bmodel\b.{0,200}?\b(not found|does not exist|not exist|is not available|not a valid model)|\b(no such|unknown|invalid) model\b|not a valid model/is;

/** Whether the backend was found and has no such model. */
function saysNoModel(said: UpstreamErrorBody): boolean {
  return isNamed(said, noModelCodes) || noModelWordings.test(said.message);
}

function isNamed({ names }: UpstreamErrorBody, codes: ReadonlySet<unknown>): boolean {
  return names?.some((name) => codes.has(name)) === true;
}
