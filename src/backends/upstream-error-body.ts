import { saidStatus } from './said-status.ts';

/** What an error body of a backend says, whatever shape it has. */
export interface UpstreamErrorBody {
  readonly message: string;
  /** The `error` object in OpenAI's shape, where the body has one. */
  readonly error: Record<string, unknown> | undefined;
  /** What stands beside it in `detail`, such as the limit that another gateway behind this one says. */
  readonly detail?: unknown;
  /** The status that it speaks of, which is not that of the answer where an error comes with a 200. */
  readonly status?: number | undefined;
  /** Its codes and types, by which vendors name what happened. */
  readonly names?: readonly unknown[] | undefined;
}

const longestText = 500;

/**
 * Reads the shapes that servers use: `{"error": {"message"}}`, `{"error": "text"}`, `{"object": "error", "message"}`,
 * `{"message"}`, `{"detail"}`, a list of one of these, and plain text.
 */
export function readErrorBody(body: Buffer | string): UpstreamErrorBody {
  const text = body.toString().trim();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { message: plainText(text), error: undefined };
  }
  return readErrorValue(value) ?? { message: plainText(text), error: undefined };
}

/** The same for a value that is parsed already; undefined where it is no error in a known shape. */
export function readErrorValue(value: unknown): UpstreamErrorBody | undefined {
  const first = Array.isArray(value) ? value[0] : value;
  if (typeof first === 'string') return { message: first, error: undefined };
  if (typeof first !== 'object' || first === null) return undefined;
  const said = readShape(first as Record<string, unknown>);
  if (said === undefined) return undefined;
  const body = first as Record<string, unknown>;
  const names = [said.error?.code, said.error?.type, body.code, body.type];
  return { ...said, status: saidStatus(body), names };
}

function readShape(body: Record<string, unknown>): UpstreamErrorBody | undefined {
  if (typeof body.error === 'object' && body.error !== null) {
    const error = body.error as Record<string, unknown>;
    const message = typeof error.message === 'string' ? error.message : JSON.stringify(error);
    return { message, error, detail: body.detail };
  }
  for (const key of ['error', 'message', 'detail']) {
    const said = body[key];
    if (typeof said === 'string' && said !== '') return { message: said, error: undefined };
    if (key === 'detail' && said) return { message: JSON.stringify(said).slice(0, longestText), error: undefined };
  }
  return undefined;
}

function plainText(text: string): string {
  const bare = /^\s*</.test(text) ? text.replace(/<(script|style)[\s\S]*?<\/\1>|<[^>]*>/gi, ' ') : text;
  const short = bare.replace(/\s+/g, ' ').trim().slice(0, longestText);
  return short === '' ? 'no message' : short;
}

/** Whether a 503 says that the server is still loading its model. */
export function saysLoading(body: UpstreamErrorBody): boolean {
  return /loading (the )?model|model is (still |currently )?loading|is loading/i.test(body.message);
}
