import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach } from 'vitest';
import { fetchPage } from './fetch-page.ts';
import { defaultPagePolicy, type PagePolicy } from './page-policy.ts';

const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** Serves until the end of the test. Gives `host:port`. */
export async function serve(listener: RequestListener, port = 0, host = '127.0.0.1'): Promise<string> {
  const server = createServer({ keepAliveTimeout: 0 }, listener); // a connection ends only if the client ends it
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, host, resolve);
  });
  closing.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `${host}:${(server.address() as AddressInfo).port}`;
}

export const serveText = (text: string, type = 'text/plain') =>
  serve((_request, response) => response.writeHead(200, { 'content-type': type }).end(text));

/** Fetches with the default policy and changes to it; `127.0.0.1` is excepted. */
export const get = (url: string, policy: Partial<PagePolicy> = {}, signal = new AbortController().signal) =>
  fetchPage(url, { ...defaultPagePolicy, allowHosts: ['127.0.0.1'], ...policy }, signal);

export const portOf = (host: string) => Number(host.split(':')[1]);
