import { type Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http';

export interface Ask {
  /** Its number, from which the answer's cost follows. */
  readonly ask: number;
  /** `ask-17-b2`: stands in the message, and comes back in each piece of the answer. */
  readonly nonce: string;
  readonly model: string;
  readonly stream: boolean;
  /** Whether a stream is to tell its usage. */
  readonly includeUsage: boolean;
  readonly key?: string | undefined;
}

/** What a client got. */
export interface Received {
  /** 0: no head came. */
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** Whether the body came to its proper end. */
  readonly isComplete: boolean;
  /** Milliseconds until the head, and until the end. */
  readonly firstByteMs: number;
  readonly totalMs: number;
  /** Why no head came. */
  readonly failure: string | undefined;
}

export interface AskOptions {
  readonly agent?: Agent;
  readonly signal?: AbortSignal;
  /** Told of each piece of the body. */
  readonly onData?: () => void;
}

/** Sends one chat as a client would. Never rejects: what failed is told in what was received. */
export function askGateway(url: string, ask: Ask, options: AskOptions = {}): Promise<Received> {
  const started = performance.now();
  const since = () => performance.now() - started;
  const { agent, signal, onData } = options;
  return new Promise((resolve) => {
    const nothing = { status: 0, headers: {}, text: '', isComplete: false, firstByteMs: 0 };
    const request = httpRequest(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: headersOf(ask),
      ...(agent && { agent }),
      ...(signal && { signal }),
    });
    request.on('error', (error) => resolve({ ...nothing, totalMs: since(), failure: error.message }));
    request.on('response', (response) => {
      const firstByteMs = since();
      const pieces: Buffer[] = [];
      response.on('data', (bytes: Buffer) => {
        pieces.push(bytes);
        onData?.();
      });
      response.on('error', () => undefined); // a cut body: `isComplete` says so
      response.on('close', () => {
        const { statusCode: status = 0, headers, complete } = response;
        const text = Buffer.concat(pieces).toString();
        const times = { firstByteMs, totalMs: since() };
        resolve({ status, headers, text, isComplete: complete, ...times, failure: undefined });
      });
    });
    request.end(bodyOf(ask));
  });
}

function headersOf({ nonce, key }: Ask): Record<string, string> {
  const headers = { 'content-type': 'application/json', 'x-request-id': nonce };
  return key === undefined ? headers : { ...headers, authorization: `Bearer ${key}` };
}

function bodyOf({ model, stream, includeUsage, nonce }: Ask): string {
  const messages = [{ role: 'user', content: `Say something about ${nonce}, please.` }];
  if (!stream) return JSON.stringify({ model, messages });
  return JSON.stringify({ model, messages, stream, ...(includeUsage && { stream_options: { include_usage: true } }) });
}
