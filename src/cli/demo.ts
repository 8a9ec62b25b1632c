import type { Config } from '../config/config.ts';

/** The configuration with the place of the demo's server, and the way to end it. */
export interface Demo {
  readonly config: Config;
  close(): Promise<void>;
}

/**
 * Where nothing is configured, a server within this process answers for the backend `demo`, over a real socket.
 * @returns undefined where there is no demo backend
 */
export async function startDemo(config: Config): Promise<Demo | undefined> {
  const demo = [...config.backends.values()].find((backend) => backend.origin === 'demo');
  if (demo === undefined) return undefined;
  const { startMockServer } = await import('../mock/mock-server.ts');
  const server = await startMockServer({ port: 0 });
  const backends = new Map(config.backends).set(demo.name, { ...demo, baseUrl: `${server.url}/v1` });
  return { config: { ...config, backends }, close: () => server.close() };
}
