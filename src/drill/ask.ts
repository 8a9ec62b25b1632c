import { type Agent, request as httpRequest, type IncomingMessage } from 'node:http';

export interface Question {
  /** The gateway's chat endpoint. */
  readonly url: string;
  readonly body: string;
  readonly stream: boolean;
  readonly headers: Readonly<Record<string, string>>;
  readonly agent: Agent;
  /** Milliseconds after which nothing is waited for any more. */
  readonly patienceMs: number;
}

/** What became of one request. Times are milliseconds of `performance.now()`. */
export interface Asked {
  readonly startedAt: number;
  readonly endedAt: number;
  /** When the first output was there; undefined: none ever was. */
  readonly firstOutputAt: number | undefined;
  /**
   * - `whole`: answered to the end.
   * - `failed`: no output at all, so that the client may ask again without harm.
   * - `broken`: it ended after its first output and before its end.
   */
  readonly ending: 'whole' | 'failed' | 'broken';
  /** Why it is not whole: the code of the error, or `empty_answer`, `no_end`, `connection_lost` or `no_answer`. */
  readonly code: string | undefined;
  /** Of the backend that answered, as the gateway names it. */
  readonly backend: string | undefined;
  readonly model: string | undefined;
}

/** Anything that a stand-in's answer may hold, be it whole or a piece of a stream. */
const output = /"(?:content|arguments|name)":"[^"]/;

/** Asks the gateway, and reads to the end as a client would. Never rejects. */
export function ask(question: Question): Promise<Asked> {
  const { url, agent, body, stream, patienceMs } = question;
  const headers = {
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    ...question.headers,
  };
  const startedAt = performance.now();
  let response: IncomingMessage | undefined;
  let text = '';
  let firstOutputAt: number | undefined;
  return new Promise((resolve) => {
    const request = httpRequest(url, { method: 'POST', agent, headers });
    const timer = setTimeout(() => request.destroy(new Error('no_answer')), patienceMs);
    const end = (lost: string | undefined) => {
      clearTimeout(timer);
      const endedAt = performance.now();
      if (!stream && lost === undefined && output.test(text)) firstOutputAt = endedAt;
      const code = problemOf(response?.statusCode ?? 0, text, stream, lost);
      const ending = code === undefined ? 'whole' : firstOutputAt === undefined ? 'failed' : 'broken';
      const backend = header(response, 'x-headrace-backend');
      const model = header(response, 'x-headrace-model');
      resolve({ startedAt, endedAt, firstOutputAt, ending, code, backend, model });
    };
    const onError = (error: Error) => end(error.message === 'no_answer' ? 'no_answer' : 'connection_lost');
    request.on('error', onError);
    request.on('response', (incoming) => {
      response = incoming;
      incoming.setEncoding('utf8');
      incoming.on('data', (piece: string) => {
        text += piece;
        if (stream && firstOutputAt === undefined && output.test(text)) firstOutputAt = performance.now();
      });
      incoming.on('error', onError);
      incoming.on('end', () => end(undefined));
    });
    request.end(body);
  });
}

/** Why an answer is not what a client wants; undefined: it is. */
function problemOf(status: number, text: string, stream: boolean, lost: string | undefined): string | undefined {
  if (lost !== undefined) return lost;
  const error = /(?:^|data: )(\{"error":.*)/.exec(text)?.[1];
  if (status !== 200 || error !== undefined) return codeOf(error ?? text) ?? `status_${status}`;
  if (stream && !text.includes('data: [DONE]')) return 'no_end';
  return output.test(text) ? undefined : 'empty_answer';
}

function codeOf(text: string): string | undefined {
  try {
    const { error } = JSON.parse(text) as { error?: { code?: unknown } };
    return typeof error?.code === 'string' ? error.code : undefined;
  } catch {
    return undefined; // a page that is none of the gateway's
  }
}

function header(response: IncomingMessage | undefined, name: string): string | undefined {
  const value = response?.headers[name];
  return typeof value === 'string' ? value : undefined;
}
