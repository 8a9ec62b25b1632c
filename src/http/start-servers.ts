import { rm } from 'node:fs/promises';
import type { WorkerHomes } from './idempotency/worker-homes.ts';
import { type HttpServer, type ServerOptions, startServer } from './server.ts';

/** Listens for clients, and where several workers serve, for these as well. */
export async function startServers(options: ServerOptions, homes: WorkerHomes | undefined): Promise<HttpServer> {
  const server = await startServer(options);
  if (homes === undefined) return server;
  await rm(homes.socket, { force: true }); // of a worker that died
  const inner = await startServer({ ...options, socket: homes.socket });
  return {
    port: server.port,
    drain: async () => {
      await Promise.all([server.drain(), inner.drain()]);
    },
    cut: () => {
      server.cut();
      inner.cut();
    },
  };
}
