/** What an error body of a backend says, whatever shape it has. */
export interface UpstreamErrorBody {
  readonly message: string;
  /** The `error` object in OpenAI's shape, where the body has one. */
  readonly error: Record<string, unknown> | undefined;
  /** What stands beside it in `detail`, such as the limit that another gateway behind this one says. */
  readonly detail?: unknown;
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
  const body = first as Record<string, unknown>;
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

/** Wordings by which servers say that the prompt is too long for the model. */
const overflowWordings: readonly RegExp[] = [
  /maximum context length/i,
  /context[ _]length[ _]exceeded/i,
  /prompt is too long/i,
  /prompt too long/i,
  /input length and `?max_tokens`? exceed context limit/i,
  /exceeds? (the )?(available |model'?s? |maximum )?context (size|length|window|limit)/i,
  /input token count .*exceeds the maximum/i,
  /exceed_context_size_error/i,
  /(longer|greater) than the (model's |maximum )?context/i,
  /context length of only \d+ tokens/i,
  /n_keep\W{1,3}\d+\W{1,3}>= ?n_ctx/i,
  /too many (input )?tokens.*(context|limit)/i,
  /reduce the length of the (messages|prompt|input)/i,
];

/** Whether a backend's 4xx says that the input is longer than the model's context. */
export function saysOverflow(body: UpstreamErrorBody): boolean {
  return hasOverflowCode(body) || overflowWordings.some((wording) => wording.test(body.message));
}

/** Whether it says so by a code, which some servers give with a 500. */
export function hasOverflowCode({ error }: UpstreamErrorBody): boolean {
  return error?.code === 'context_length_exceeded' || error?.type === 'exceed_context_size_error';
}

/** Whether a 503 says that the server is still loading its model. */
export function saysLoading(body: UpstreamErrorBody): boolean {
  return /loading (the )?model|model is (still |currently )?loading|is loading/i.test(body.message);
}
