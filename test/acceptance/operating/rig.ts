import { mkdir, rename, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import type { TestGateway } from '../../harness/test-gateway.ts';
import { chat, chatPath } from '../local-servers/chat.ts';

export const adminKey = 'key-of-the-admin-0123';
export const userKey = 'key-of-the-user-0123';
export const adminEnv = { HEADRACE_ADMIN_KEY: adminKey };
export const admin = { authorization: `Bearer ${adminKey}` };
export const user = { authorization: `Bearer ${userKey}` };

/** A change is promised to be in effect within 3 s; the rest is for a machine that does other things as well. */
export const patient = { timeout: 8000, interval: 20 };

/** A provider `p` with connectors: their internal names and what they stand for. */
export function connectorsFile(baseUrl: string, names: Readonly<Record<string, string>>, key = 'k'): string {
  const tables = Object.entries(names).map(
    ([internal, external], i) => `[p.c${i}]\ninternal = ${JSON.stringify(internal)}\nexternal = "${external}"\n`,
  );
  return `[p]\nbase_url = "${baseUrl}"\napi_key = "${key}"\n${tables.join('')}`;
}

/** A `backend.yaml` that declares models. */
export function declaring(baseUrl: string, ...models: string[]): string {
  const lines = models.map((model) => `  ${JSON.stringify(model)}: {}\n`);
  return `backend_type: custom\napi_base_url: ${baseUrl}\nauth_type: none\nmodels:\n${lines.join('')}`;
}

/** Writes a file as careful tools do: beside it, and then in its place. */
export async function put(folder: string, name: string, text: string): Promise<void> {
  const path = join(folder, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.new`, text);
  await rename(`${path}.new`, path);
}

/** Waits until the gateway takes no new connection. */
export async function refusesConnections(url: string): Promise<void> {
  const isRefused = () =>
    new Promise<boolean>((resolve) => {
      const socket = connect(Number(new URL(url).port), '127.0.0.1');
      socket.on('connect', () => resolve(false)).on('error', () => resolve(true));
      socket.on('connect', () => socket.destroy());
    });
  await inEffect(isRefused);
}

/** Waits until something that a changed file brings about is so. */
export async function inEffect(check: () => boolean | Promise<boolean>): Promise<void> {
  await expect.poll(check, patient).toBe(true);
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly text: string;
  readonly code: string | undefined;
}

/** A request whose path goes out as it is written here, from any address of this machine. */
export function ask(
  url: string,
  method: string,
  path: string,
  headers: Record<string, string> = {},
  localAddress = '127.0.0.1',
): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, method, path, headers, localAddress, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        const { statusCode = 0, headers: received } = response;
        resolve({ status: statusCode, headers: received, text, code: codeOf(text) });
      });
    });
    sent.on('error', reject);
    sent.end();
  });
}

function codeOf(text: string): string | undefined {
  try {
    return (JSON.parse(text) as { error?: { code?: string } }).error?.code;
  } catch {
    return undefined; // no body, or no JSON
  }
}

/** DELETE of a model package whose name stands in the path as it is given. */
export function deletePackage(url: string, rest: string, headers: Record<string, string> = {}): Promise<RawAnswer> {
  return ask(url, 'DELETE', `/model-packages/${rest}`, headers);
}

export async function listed(gateway: TestGateway, headers: Record<string, string> = {}): Promise<string[]> {
  const { data } = (await (await gateway.get('/v1/models', headers)).json()) as { data: { id: string }[] };
  return data.map(({ id }) => id).toSorted();
}

/** The status of a chat, and the error's code where it has one. */
export async function tryChat(
  gateway: TestGateway,
  model: string,
  headers: Record<string, string> = {},
): Promise<string> {
  const answer = await gateway.post(chatPath, chat({ model }), headers);
  const code = codeOf(await answer.text());
  return code === undefined ? String(answer.status) : `${answer.status} ${code}`;
}

/** Starts a stream and waits for its first bytes. @returns how to get its whole text, once it has ended */
export async function openStream(
  gateway: TestGateway,
  model: string,
  headers: Record<string, string> = {},
): Promise<() => Promise<string>> {
  const answer = await gateway.post(chatPath, chat({ model, stream: true }), headers);
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (answer.status !== 200 || reader === undefined) throw new Error(`no stream: ${answer.status}`);
  const first = await reader.read();
  const text = readAll(reader, first.value ?? '');
  return () => text;
}

async function readAll(reader: ReadableStreamDefaultReader<string>, first: string): Promise<string> {
  let text = first;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text;
    text += value;
  }
}

interface ConnectorsPage {
  readonly file: string | null;
  readonly last_reload: { readonly ok: boolean; readonly at: string; readonly problems: readonly string[] };
  readonly connectors: readonly Record<string, unknown>[];
  readonly deleted: readonly string[];
}

export async function connectorsPage(
  gateway: TestGateway,
  headers: Record<string, string> = {},
): Promise<ConnectorsPage> {
  return (await (await gateway.get('/admin/connectors', headers)).json()) as ConnectorsPage;
}

/** The value of a metric without labels. */
export async function metric(
  gateway: TestGateway,
  name: string,
  headers: Record<string, string> = {},
): Promise<number | undefined> {
  const page = await (await gateway.get('/metrics', headers)).text();
  const value = new RegExp(`^${name.replace(/[{}"]/g, '\\$&')} (\\S+)$`, 'm').exec(page)?.[1];
  return value === undefined ? undefined : Number(value);
}

/** Sends chats one after the other until it is stopped. @returns how to stop it, which gives every status */
export function loopOfChats(
  gateway: TestGateway,
  model: string,
  headers: Record<string, string> = {},
): () => Promise<string[]> {
  const statuses: string[] = [];
  let stopped = false;
  const running = (async () => {
    while (!stopped) statuses.push(await tryChat(gateway, model, headers));
  })();
  return async () => {
    stopped = true;
    await running;
    return statuses;
  };
}
