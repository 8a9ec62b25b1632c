import { connect } from 'node:net';
import { expect } from 'vitest';
import { type MockServer, startFakeBackend } from '../../fake-backend/fake-backend.ts';
import { startTestGateway, type TestGateway } from '../../harness/test-gateway.ts';

export interface Rig {
  readonly backend: MockServer;
  readonly gateway: TestGateway;
}

/** A gateway that passes every model to one backend. */
export async function startRig(
  more: { readonly files?: Record<string, string>; readonly env?: Record<string, string> } = {},
) {
  const backend = await startFakeBackend();
  const gateway = await startTestGateway({ ...more, flags: { baseUrl: backend.url } });
  return { backend, gateway };
}

/** The error of a body in OpenAI's envelope: exactly one object with its four fields, and no inside of the gateway. */
export function readEnvelope(text: string): { message: string; type: string; param: string | null; code: string } {
  const body = JSON.parse(text) as { error: { message: string; type: string; param: string | null; code: string } };
  expect(Object.keys(body).filter((key) => key !== 'detail')).toEqual(['error']);
  expect(Object.keys(body.error).toSorted()).toEqual(['code', 'message', 'param', 'type']);
  expect(body.error.message.length).toBeGreaterThan(0);
  expect(body.error.message.length).toBeLessThan(2000);
  expect(text).not.toMatch(/\bat .*\.ts:\d+|node:internal|TypeError|undefined/);
  return body.error;
}

/** The gateway refuses the body with this status and code, asks no backend and serves the next request. */
export async function expectRefused(
  { backend, gateway }: Rig,
  path: string,
  body: string | Buffer,
  expected: { readonly status?: number; readonly code: string; readonly param?: string },
): Promise<void> {
  const before = backend.requests.length;
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(gateway.url + path, {
    method: 'POST',
    headers,
    body: typeof body === 'string' ? body : new Uint8Array(body),
  });
  const text = await answer.text();
  expect([answer.status, text]).toEqual([expected.status ?? 400, expect.any(String)]);
  expect(answer.headers.get('content-type')).toBe('application/json');
  expect(answer.headers.get('x-request-id')).toMatch(/^[A-Za-z0-9._:-]+$/);
  const error = readEnvelope(text);
  expect(error.code).toBe(expected.code);
  if (expected.param !== undefined) expect(error.param).toBe(expected.param);
  expect(backend.requests).toHaveLength(before);
}

/** What comes back for raw bytes until the server closes, or until the time is over. */
export function exchangeRaw(port: number, bytes: string | Buffer, milliseconds = 3000): Promise<string> {
  return new Promise((resolve) => {
    let received = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.setTimeout(milliseconds, () => socket.destroy());
    socket.on('data', (piece) => {
      received += piece.toString('latin1');
    });
    socket.on('error', () => undefined); // a reset is an end like any other; what came before counts
    socket.on('close', () => resolve(received));
  });
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** Takes apart what came on a connection: answers with a content-length, one after the other, and nothing between. */
export function readAnswers(text: string): RawAnswer[] {
  const answers: RawAnswer[] = [];
  for (let rest = text; rest !== ''; ) {
    const split = rest.indexOf('\r\n\r\n');
    expect(split, `no head in ${JSON.stringify(rest.slice(0, 200))}`).toBeGreaterThan(0);
    const [first = '', ...lines] = rest.slice(0, split).split('\r\n');
    const headers = new Map<string, string>();
    for (const line of lines) {
      expect(line).toMatch(/^[A-Za-z0-9-]+: [\x20-\x7e]*$/);
      headers.set(line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2));
    }
    expect(first).toMatch(/^HTTP\/1\.1 \d{3} /);
    const length = Number(headers.get('content-length') ?? 0);
    const body = rest.slice(split + 4, split + 4 + length);
    answers.push({ status: Number(first.slice(9, 12)), headers, body });
    rest = rest.slice(split + 4 + length);
  }
  return answers;
}

export const liveRequest = 'GET /health/live HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n';

/** A POST of a chat as raw bytes, with further header lines. */
export function rawChat(body: string, lines: readonly string[] = [], path = '/v1/chat/completions'): string {
  const head = [`POST ${path} HTTP/1.1`, 'host: h', 'content-type: application/json', ...lines];
  return `${head.join('\r\n')}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

/** The gateway still serves. */
export async function expectAlive({ gateway }: Rig): Promise<void> {
  const answer = await gateway.post('/v1/chat/completions', { model: 'm', messages: [{ role: 'user', content: 'x' }] });
  expect(answer.status).toBe(200);
  expect(gateway.log().filter(({ status, level }) => status === 500 || (level as number) >= 50)).toEqual([]);
}
