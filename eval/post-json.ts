import { type IncomingHttpHeaders, Agent as PlainAgent, request as plainRequest } from 'node:http';
import { Agent as SecureAgent, request as secureRequest } from 'node:https';

export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Undefined: the body is no JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: read as a client reads it, by the names of its fields
  readonly body: any;
}

const agents = { 'http:': new PlainAgent({ keepAlive: true }), 'https:': new SecureAgent({ keepAlive: true }) };

/**
 * Posts JSON and reads the whole answer, without any limit of time: an approach may take many minutes.
 * Rejects where no whole answer comes.
 */
export function postJson(url: URL, value: unknown, more: Readonly<Record<string, string>> = {}): Promise<Answered> {
  const bytes = Buffer.from(JSON.stringify(value));
  const isSecure = url.protocol === 'https:';
  const options = {
    method: 'POST',
    agent: agents[isSecure ? 'https:' : 'http:'],
    headers: { 'content-type': 'application/json', 'content-length': bytes.length, ...more },
  };
  return new Promise((resolve, reject) => {
    const request = (isSecure ? secureRequest : plainRequest)(url, options, (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('error', reject);
      response.on('end', () => {
        const { statusCode = 0, headers } = response;
        resolve({ status: statusCode, headers, body: readJson(Buffer.concat(pieces).toString()) });
      });
    });
    request.on('error', reject);
    request.end(bytes);
  });
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
