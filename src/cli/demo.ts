import type { Config } from '../config/config.ts';

/**
 * Where nothing is configured, a server within this process answers for the backend `demo`, over a real socket.
 * @returns the configuration with the place of that server; undefined where there is no demo backend
 */
export async function startDemo(config: Config): Promise<{ config: Config; close(): Promise<void> } | undefined> {
  const demo = [...config.backends.values()].find((backend) => backend.origin === 'demo');
  if (demo === undefined) return undefined;
  const { startMockServer } = await import('../mock/mock-server.ts');
  const server = await startMockServer({ port: 0 });
  const backends = new Map(config.backends).set(demo.name, { ...demo, baseUrl: `${server.url}/v1` });
  return { config: { ...config, backends }, close: () => server.close() };
}
