import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { GatewayError } from '../gateway-error.ts';
import { Connections } from './connections.ts';
import { errorReply } from './errors.ts';
import type { Exchange } from './exchange.ts';
import { NodeExchange } from './node-exchange.ts';

export interface ServerOptions {
  readonly host: string;
  readonly port: number;
  /** The path of a socket to listen on in place of both, for this process alone. */
  readonly socket?: string | undefined;
  /** Bytes of a body beyond which a request is refused. */
  readonly maximumRequestBytes: () => number;
  /** Told of what was refused before it became a request that could be handled. */
  readonly refused: (request: { id: string; method: string; path: string }, error: GatewayError) => void;
  /** Serves a request whose body is there. */
  readonly handle: (exchange: Exchange) => void;
}

export interface HttpServer {
  /** The port that is listened on, also where 0 was asked for. */
  readonly port: number;
  /** Takes no more connections; resolves when the last request is answered, and no client is about to send one. */
  drain(): Promise<void>;
  /** Cuts what still runs. */
  cut(): void;
}

const maximumHeaderBytes = 32 * 1024;
const headersTimeoutMs = 20_000;
const requestTimeoutMs = 300_000;
const dropTimeoutMs = 10_000;
/** Longer than the idle time of usual load balancers, so that they close first. */
const keepAliveTimeoutMs = 75_000;

/** Listens over `node:http`. Rejects where it cannot listen. */
export function startServer(options: ServerOptions): Promise<HttpServer> {
  const server = createServer({
    maxHeaderSize: maximumHeaderBytes,
    headersTimeout: headersTimeoutMs,
    requestTimeout: requestTimeoutMs,
    connectionsCheckingInterval: 5000,
    keepAliveTimeout: keepAliveTimeoutMs,
    noDelay: true,
    insecureHTTPParser: false,
    requireHostHeader: false, // it would be refused without a word; see `refusalOfHead`
  });
  const connections = new Connections(server);
  const onRequest = (request: IncomingMessage, response: ServerResponse) => {
    connections.begin(request.socket, response);
    serve(request, response, options);
  };
  server.on('request', onRequest);
  server.on('checkExpectation', onRequest);
  server.on('clientError', (error: Error, socket: Socket) =>
    answerClientError(error, socket, connections.unanswered(socket), options),
  );
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    const { host, port, socket } = options;
    server.listen(socket === undefined ? { host, port } : { path: socket, exclusive: true }, () => {
      server.off('error', reject);
      resolve(toHttpServer(server, connections));
    });
  });
}

function toHttpServer(server: Server, connections: Connections): HttpServer {
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    drain: () => connections.end(),
    cut: () => server.closeAllConnections(),
  };
}

function serve(request: IncomingMessage, response: ServerResponse, options: ServerOptions): void {
  const exchange = new NodeExchange(request, response);
  const error = refusalOfHead(request);
  if (error === undefined) receive(exchange, request, options);
  else refuse(exchange, error, options);
}

function refusalOfHead({ headers, httpVersion }: IncomingMessage): GatewayError | undefined {
  if (headers.host === undefined && httpVersion === '1.1') {
    return new GatewayError('invalid_request', 'this is no valid HTTP request (it has no Host header)');
  }
  if (headers.expect !== undefined && !/^100-continue$/i.test(headers.expect)) {
    return new GatewayError('invalid_request', 'the header Expect may only say 100-continue', { status: 417 });
  }
  return undefined;
}

function refuse(exchange: Exchange, error: GatewayError, options: ServerOptions): void {
  options.refused(exchange, error);
  const { status, headers, body } = errorReply(error);
  exchange.reply(status, [...headers, ['x-request-id', exchange.id], ['connection', 'close']], body);
}

function receive(exchange: NodeExchange, request: IncomingMessage, options: ServerOptions): void {
  const limit = options.maximumRequestBytes();
  const announced = Number(request.headers['content-length'] ?? 0);
  const chunks: Buffer[] = [];
  let size = 0;
  let refused = announced > limit;
  if (refused) refuseSize(exchange, request, tooLarge(announced, limit), options);
  request.on('data', (chunk: Buffer) => {
    if (refused) return;
    size += chunk.length;
    if (size <= limit) {
      chunks.push(chunk);
      return;
    }
    refused = true;
    chunks.length = 0;
    refuseSize(exchange, request, tooLarge(undefined, limit), options);
  });
  request.on('end', () => {
    if (refused) return;
    exchange.body = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
    options.handle(exchange);
  });
  request.on('error', () => {}); // a client that went away in the middle; the response's close says so
}

/** Says why. The rest of the body is read and dropped for a while, since many clients read an answer only after that. */
function refuseSize(exchange: Exchange, request: IncomingMessage, error: GatewayError, options: ServerOptions): void {
  options.refused(exchange, error);
  const { status, headers, body } = errorReply(error);
  exchange.begin(status, [...headers, ['x-request-id', exchange.id], ['content-length', `${Buffer.byteLength(body)}`]]);
  exchange.write(Buffer.from(body));
  // Ended only then: the end of an answer may be the end of the connection, and the answer lost with it.
  request.on('end', () => exchange.end());
  const timer = setTimeout(() => request.destroy(), dropTimeoutMs);
  request.on('close', () => clearTimeout(timer));
}

/**
 * The refusal of a body that is too large.
 * @param bytes its size; undefined: more than the limit
 */
export function tooLarge(bytes: number | undefined, limit: number): GatewayError {
  const size = bytes === undefined ? `more than ${limit}` : `${bytes}`;
  const message = `the body has ${size} bytes, and ${limit} is the most that is taken (limits.max_request_bytes)`;
  return new GatewayError('request_too_large', message);
}

/**
 * What never became a request: broken HTTP, headers that are too large, or a client that is too slow.
 * @param last the last request of the connection, while that is not answered whole
 */
function answerClientError(
  error: Error & { code?: string },
  socket: Socket,
  last: ServerResponse | undefined,
  options: ServerOptions,
): void {
  if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy();
  if (last !== undefined) {
    endAfter(last.req, last, describeClientError(error), options);
    return;
  }
  const described = describeClientError(error);
  const id = randomUUID();
  options.refused({ id, method: '', path: '' }, described);
  const { status, headers, body } = errorReply(described);
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`];
  for (const [name, value] of headers) lines.push(`${name}: ${value}`);
  lines.push(`x-request-id: ${id}`, `content-length: ${Buffer.byteLength(body)}`, 'connection: close');
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`);
}

/** Nonsense behind or within a request: what is answered already is not disturbed, and then the connection ends. */
function endAfter(
  request: IncomingMessage,
  response: ServerResponse,
  error: GatewayError,
  options: ServerOptions,
): void {
  const { socket } = request;
  response.on('close', () => socket.destroySoon());
  if (!request.complete) refuse(new NodeExchange(request, response), error, options);
}

function describeClientError(error: Error & { code?: string }): GatewayError {
  if (error.code === 'HPE_HEADER_OVERFLOW') {
    const message = `the headers have more than ${maximumHeaderBytes} bytes`;
    return new GatewayError('invalid_request', message, { status: 431 });
  }
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return new GatewayError('request_timeout', 'the request did not arrive in time');
  }
  return new GatewayError('invalid_request', `this is no valid HTTP request (${error.code ?? 'unreadable'})`);
}
