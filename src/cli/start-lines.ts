import type { Backend } from '../backends/backend.ts';
import { describeKey, probe } from '../backends/probe.ts';
import type { Config } from '../config/config.ts';

/** The URL, and a line to paste that answers at once. */
export function printReady(port: number, config: Config): void {
  const { host } = config.settings;
  const shown = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  const url = `http://${shown}:${port}`;
  const key = config.keys.length > 0 ? ` -H 'authorization: Bearer YOUR_KEY'` : '';
  const body = JSON.stringify({ model: exampleModel(config), messages: [{ role: 'user', content: 'Hello!' }] });
  process.stdout.write(
    `headrace is listening on ${url}\n` +
      `try: curl ${url}/v1/chat/completions${key} -H 'content-type: application/json' -d '${body}'\n`,
  );
}

/** One line per backend, as soon as it is known how it looks; none is waited for longer than a few seconds. */
export async function printBackendLines(backends: readonly Backend[]): Promise<void> {
  await Promise.all(
    backends.map(async (backend) => {
      const { config } = backend;
      const kind = config.origin === 'connectors' ? 'provider' : 'backend';
      const pair = config.origin === 'base-url' ? ` (${config.place} and OPENAI_API_KEY are one pair)` : '';
      const state = await probe(backend);
      process.stdout.write(
        `${kind} ${config.name}: ${config.baseUrl}${config.query}, ${describeKey(config)}, ${state}${pair}\n`,
      );
    }),
  );
}

/** A model that can be asked for right away, if one is known. */
function exampleModel(config: Config): string {
  const connector = [...config.connectors.values()].find((entry) => entry.heldBy === undefined);
  for (const backend of config.backends.values()) {
    const [model] = backend.models.keys();
    if (model !== undefined) return `${backend.name}:${model}`;
  }
  if (connector !== undefined) return connector.internal;
  const [first] = config.backends.keys();
  return first === undefined ? 'MODEL' : `${first}:MODEL`;
}
