import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/server';
import { onTestFinished, vi } from 'vitest';
import { createTestTools } from './test-tools.ts';

/** Waits until a check holds; the machine may be busy. */
export function waitFor<T>(check: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(check, { timeout: 15_000, interval: 20 });
}

/** A program that serves tools, as it is written into `mcp_servers`, and what it noted. */
export interface TestProgram {
  readonly settings: {
    readonly command: string;
    readonly args: readonly string[];
    readonly env: Record<string, string>;
  };
  notes(): string[];
  /** Process ids of all that were started, in order. */
  pids(): number[];
}

export async function testProgram(env: Readonly<Record<string, string>> = {}): Promise<TestProgram> {
  const folder = await mkdtemp(join(tmpdir(), 'headrace-tools-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'notes');
  const script = fileURLToPath(new URL('test-tool-program.ts', import.meta.url));
  const notes = () => {
    try {
      return readFileSync(file, 'utf8').split('\n').filter(Boolean);
    } catch {
      return [];
    }
  };
  return {
    settings: { command: process.execPath, args: [script], env: { NOTES: file, ...env } },
    notes,
    pids: () => notes().flatMap((line) => (line.startsWith('started ') ? [Number(line.slice('started '.length))] : [])),
  };
}

export interface TestHttpServer {
  readonly url: string;
  readonly notes: string[];
  /** Headers of all requests. */
  readonly requests: IncomingMessage['headers'][];
  /** Forgets all sessions, as a server that was started anew. */
  forget(): void;
  close(): Promise<void>;
}

/** A server of tools that speaks streamable HTTP, with sessions. */
export async function startHttpTools(
  options: { readonly key?: string; readonly json?: boolean } = {},
): Promise<TestHttpServer> {
  const sessions = new Map<string, WebStandardStreamableHTTPServerTransport>();
  const notes: string[] = [];
  const requests: IncomingMessage['headers'][] = [];
  const open = async () => {
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      enableJsonResponse: options.json ?? false,
      onsessioninitialized: (id) => {
        notes.push('session begins');
        sessions.set(id, transport);
      },
      onsessionclosed: () => {
        notes.push('session ends');
      },
    });
    await createTestTools((line) => notes.push(line)).connect(transport);
    return transport;
  };
  const server = createServer(async (request, response) => {
    requests.push(request.headers);
    if (options.key !== undefined && request.headers['x-key'] !== options.key) {
      response.writeHead(401).end(`wrong key ${request.headers['x-key']}`);
      return;
    }
    const id = request.headers['mcp-session-id'] as string | undefined;
    const transport = id === undefined ? await open() : sessions.get(id);
    if (transport === undefined) response.writeHead(404).end();
    else await answer(await transport.handleRequest(await webRequest(request)), response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  onTestFinished(close);
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/mcp`, notes, requests, forget: () => sessions.clear(), close };
}

async function webRequest(request: IncomingMessage): Promise<Request> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  const { method = 'GET' } = request;
  return new Request(`http://${request.headers.host}${request.url}`, {
    method,
    headers: Object.entries(request.headers).map(([name, value]): [string, string] => [name, String(value)]),
    body: method === 'POST' ? Buffer.concat(pieces) : null,
  });
}

async function answer(from: Response, to: ServerResponse): Promise<void> {
  to.writeHead(from.status, Object.fromEntries(from.headers));
  to.flushHeaders();
  if (from.body !== null) for await (const piece of from.body) to.write(piece);
  to.end();
}
