import { type IncomingHttpHeaders, Agent as PlainAgent, request as plainRequest } from 'node:http';
import { Agent as SecureAgent, request as secureRequest } from 'node:https';

export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Undefined: the body is no JSON. A stream is put together to what it would be in one piece. */
  // biome-ignore lint/suspicious/noExplicitAny: read as a client reads it, by the names of its fields
  readonly body: any;
}

const agents = { 'http:': new PlainAgent({ keepAlive: true }), 'https:': new SecureAgent({ keepAlive: true }) };

export interface PostOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Ends the exchange; without it there is no limit of time, as an approach may take many minutes. */
  readonly signal?: AbortSignal;
}

/** Posts JSON and reads the whole answer, or says why none came. */
export async function tryPost(url: URL, value: unknown, options: PostOptions = {}): Promise<Answered | string> {
  try {
    return await postJson(url, value, options);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return error.message || String((error as NodeJS.ErrnoException).code);
  }
}

function postJson(url: URL, value: unknown, { headers: more = {}, signal }: PostOptions): Promise<Answered> {
  const bytes = Buffer.from(JSON.stringify(value));
  const isSecure = url.protocol === 'https:';
  const options = {
    method: 'POST',
    agent: agents[isSecure ? 'https:' : 'http:'],
    headers: { 'content-type': 'application/json', 'content-length': bytes.length, ...more },
    ...(signal && { signal }),
  };
  return new Promise((resolve, reject) => {
    const request = (isSecure ? secureRequest : plainRequest)(url, options, (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('error', reject);
      response.on('end', () => {
        const { statusCode = 0, headers } = response;
        const isStream = headers['content-type']?.startsWith('text/event-stream') === true;
        const text = Buffer.concat(pieces).toString();
        resolve({ status: statusCode, headers, body: isStream ? readStream(text) : readJson(text) });
      });
    });
    request.on('error', reject);
    request.end(bytes);
  });
}

/** An error, or a text that ends without `[DONE]`, leaves no choice. */
function readStream(text: string): unknown {
  const lines = text.split('\n').filter((line) => line.startsWith('data: '));
  const events = lines.map((line) => readJson(line.slice('data: '.length)) as Answered['body']);
  const content = events.map((event) => event?.choices?.[0]?.delta?.content ?? '').join('');
  const told = (field: string) => events.map((event) => event?.[field]).findLast((value) => value !== undefined);
  const isWhole = lines.at(-1) === 'data: [DONE]';
  const choices = isWhole ? [{ message: { content } }] : [];
  return { choices, usage: told('usage'), headrace: told('headrace'), error: told('error') };
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
