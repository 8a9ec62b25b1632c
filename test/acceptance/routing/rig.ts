import { type MockServer, startFakeBackend } from '../../fake-backend/fake-backend.ts';
import type { Received, SendOptions } from '../../fake-backend/http-client.ts';
import { startTestGateway, type TestGateway } from '../../harness/test-gateway.ts';
import { customYaml, hello, postTo, type Script } from '../custom-backends/rig.ts';

export interface RoutingOptions {
  /** The scripts of the backends, by their names. */
  readonly backends: Readonly<Record<string, Script>>;
  /** Lines of a `backend.yaml`, by the backend's name, or for all under `all`. */
  readonly yaml?: Readonly<Record<string, string>>;
  /** `headrace.yaml` as a value. */
  readonly settings: object;
  readonly env?: Readonly<Record<string, string>>;
  readonly flags?: Readonly<Record<string, string>>;
}

/** A gateway with several scripted backends. */
export interface RoutingRig {
  readonly gateway: TestGateway;
  backend(name: string): MockServer;
  /** How many calls each backend got. */
  calls(): Record<string, number>;
  /** A short chat with the model `r`, unless the fields say otherwise. */
  chat(fields?: object, options?: SendOptions): Promise<Received>;
}

/** Starts a gateway and its backends; all end with the test. */
export async function startRouting(options: RoutingOptions): Promise<RoutingRig> {
  const servers = new Map<string, MockServer>();
  const files: Record<string, string> = { 'headrace.yaml': JSON.stringify(options.settings) };
  for (const [name, script] of Object.entries(options.backends)) {
    const server = await startFakeBackend(script);
    servers.set(name, server);
    const yaml = `${options.yaml?.all ?? 'max_retries: 0\n'}${options.yaml?.[name] ?? ''}`;
    files[`backends/${name}/backend.yaml`] = customYaml(`${server.url}/v1`, yaml);
  }
  const gateway = await startTestGateway({
    files,
    ...(options.env && { env: options.env }),
    ...(options.flags && { flags: options.flags }),
  });
  return {
    gateway,
    backend: (name) => servers.get(name) as MockServer,
    calls: () => Object.fromEntries([...servers].map(([name, server]) => [name, server.posts().length])),
    chat: (fields, how) => postTo(`${gateway.url}/v1/chat/completions`, { ...hello, model: 'r', ...fields }, how),
  };
}

/** The text of an answer, streamed or whole. */
export function textOf(answer: Received): string {
  if (!answer.text.startsWith('data:') && !answer.text.startsWith(':')) {
    return JSON.parse(answer.text).choices[0].message.content;
  }
  let text = '';
  for (const line of answer.text.split('\n')) {
    if (line.startsWith('data: {')) text += JSON.parse(line.slice(6)).choices?.[0]?.delta?.content ?? '';
  }
  return text;
}
