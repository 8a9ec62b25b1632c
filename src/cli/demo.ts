import type { Config } from '../config/config.ts';

/** The server behind the backend `demo`, which is there where nothing is configured; it runs in this process. */
export class DemoServer {
  #server: { readonly url: string; close(): Promise<void> } | undefined;

  /** The configuration with the place of the server, which is started when it is first needed. */
  async apply(config: Config): Promise<Config> {
    const demo = [...config.backends.values()].find((backend) => backend.origin === 'demo');
    if (demo === undefined) return config;
    if (this.#server === undefined) {
      const { startMockServer } = await import('../mock/mock-server.ts');
      this.#server = await startMockServer({ port: 0 });
    }
    const backends = new Map(config.backends).set(demo.name, { ...demo, baseUrl: `${this.#server.url}/v1` });
    return { ...config, backends };
  }

  async close(): Promise<void> {
    await this.#server?.close();
  }
}
