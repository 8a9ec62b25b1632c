import type { IncomingMessage, ServerResponse } from 'node:http';
import type { WebSearchConfig } from '../../config/approaches-config.ts';
import { Secret } from '../../secret.ts';
import { serve } from '../web/test-pages.ts';

/** What a search server was asked. */
export interface AskedSearch {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  /** The query, wherever the provider has it. */
  readonly query: string;
  /** Fulfilled when the connection is over. */
  readonly closed: Promise<void>;
}

export type SearchReply = (asked: AskedSearch, response: ServerResponse, turn: number) => unknown;

export const searchKey = 'search-key-1234567890';

/** A search server until the end of the test, and the configuration that leads to it. */
export async function startSearch(reply: SearchReply, config: Partial<WebSearchConfig> = {}) {
  const asked: AskedSearch[] = [];
  const host = await serve(async (request, response) => {
    const closed = new Promise<void>((resolve) => response.on('close', resolve));
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    const url = new URL(request.url ?? '', 'http://search');
    const query = url.searchParams.get('q') ?? (body === '' ? '' : JSON.parse(body).query);
    asked.push({ method: request.method ?? '', url, headers: request.headers, body, query, closed });
    const answer = await reply(asked.at(-1) as AskedSearch, response, asked.length - 1);
    if (answer !== undefined) sendJson(response, answer);
  });
  const search: WebSearchConfig = {
    provider: 'searxng',
    baseUrl: `http://${host}`,
    apiKey: new Secret(searchKey),
    keyVariable: 'SEARCH_KEY',
    maxResults: 10,
    ...config,
  };
  return { asked, host, config: search };
}

export function sendJson(response: ServerResponse, answer: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
}

/** SearXNG's answer for these pages. */
export function found(...urls: readonly string[]) {
  return { query: 'q', results: urls.map((url) => ({ url, title: `Title of ${url}`, content: `Seen in ${url}` })) };
}
