/** The names by which vendors call what others say with a status. */
const named: Readonly<Record<string, number>> = {
  invalid_request_error: 400,
  invalid_argument: 400,
  badrequesterror: 400,
  authentication_error: 401,
  unauthenticated: 401,
  invalid_api_key: 401,
  billing_error: 402,
  permission_error: 403,
  permission_denied: 403,
  not_found_error: 404,
  not_found: 404,
  model_not_found: 404,
  request_too_large: 413,
  rate_limit_error: 429,
  rate_limit_exceeded: 429,
  rate_limited: 429,
  too_many_requests: 429,
  resource_exhausted: 429,
  insufficient_quota: 429,
  quota_exceeded: 429,
  server_error: 500,
  api_error: 500,
  internal: 500,
  internal_error: 500,
  internal_server_error: 500,
  internalservererror: 500,
  unavailable: 503,
  service_unavailable: 503,
  service_unavailable_error: 503,
  timeout_error: 504,
  deadline_exceeded: 504,
  overloaded_error: 529,
};

/**
 * The status that an error body speaks of, whatever the status of the answer that it came in: a number such as
 * `error.code: 503`, or a name such as `error.type: "overloaded_error"`. Undefined where it speaks of none.
 */
export function saidStatus(body: Readonly<Record<string, unknown>>): number | undefined {
  const inner = typeof body.error === 'object' && body.error !== null ? (body.error as Record<string, unknown>) : {};
  const words = [inner, body].flatMap(({ code, status, status_code, type }) => [code, status, status_code, type]);
  const number = words.map(asStatus).find((status) => status !== undefined);
  return number ?? words.map(byName).find((status) => status !== undefined);
}

function asStatus(word: unknown): number | undefined {
  const value = typeof word === 'string' && /^\d{3}$/.test(word) ? Number(word) : word;
  return typeof value === 'number' && Number.isInteger(value) && value >= 400 && value < 600 ? value : undefined;
}

function byName(word: unknown): number | undefined {
  if (typeof word !== 'string') return undefined;
  const name = word.toLowerCase();
  return Object.hasOwn(named, name) ? named[name] : undefined;
}
