import { readdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type MockServer, startFakeBackend } from '../fake-backend/fake-backend.ts';
import { type Received, send } from '../fake-backend/http-client.ts';
import { backendYaml, startTestGateway } from '../harness/test-gateway.ts';
import { type WireCase, wireCases } from './wire-cases.ts';

/**
 * What goes over the wire to each kind of local server and back to the client. UPDATE_GOLDENS=1 writes the golden files
 * anew; where a server answers well, its own bytes are compared too, so that no golden can bless a change of them.
 */
const folder = join(import.meta.dirname, 'goldens');
const update = process.env.UPDATE_GOLDENS === '1';
/** Headers that describe the connection, or that differ from run to run. */
const unsteady = new Set(['date', 'connection', 'keep-alive', 'transfer-encoding', 'content-length']);

describe.each(['llama-server', 'ollama', 'lm-studio', 'vllm'])('the wire to %s', (profile) => {
  const cases = wireCases.filter((wireCase) => wireCase.profile === profile);
  it.each(cases.map((wireCase) => [wireCase.name, wireCase] as const))('%s', async (_name, wireCase) => {
    const backend = await startServer(wireCase);
    const received = await exchange(wireCase, backend);
    const file = join(folder, fileName(wireCase));
    const text = transcript(backend, received);
    if (update) await writeFile(file, text);
    expect(text).toBe(await readFile(file, 'utf8'));
    if (wireCase.passes !== undefined) expect(steady(received.text)).toBe(await serversOwn(wireCase, backend));
    if (wireCase.body !== undefined) expect(backend.posts()).toHaveLength(1);
  });
});

it('has a case for each golden of the wire', () => {
  const names = readdirSync(folder).toSorted();
  expect(names).toEqual(wireCases.map(fileName).toSorted());
});

function fileName({ profile, name }: WireCase): string {
  return `${profile}.${name}.golden.http`;
}

function startServer({ profile, replies, requireKey }: WireCase): Promise<MockServer> {
  return startFakeBackend({
    profile,
    ...(replies && { replies }),
    ...(requireKey !== undefined && { require_key: requireKey }),
  });
}

async function exchange({ body, path = '/v1', lines = '' }: WireCase, backend: MockServer): Promise<Received> {
  const yaml = backendYaml(backend.url + path, `auth_type: none\nmax_retries: 0\n${lines}`);
  const gateway = await startTestGateway({ files: { 'backends/local/backend.yaml': yaml } });
  const headers = { 'x-request-id': 'golden', 'content-type': 'application/json' };
  if (body === undefined) return send(`${gateway.url}/v1/models`, { headers });
  return send(`${gateway.url}/v1/chat/completions`, { headers, body });
}

/** What the server got and what the client got, as text. */
function transcript(backend: MockServer, received: Received): string {
  const [request] = backend.requests;
  const sent = request ? `${request.method} ${request.path}\n\n${request.body.toString()}` : 'nothing';
  const headers = Object.entries(received.headers)
    .filter(([name]) => !unsteady.has(name))
    .map(([name, value]) => `${name}: ${value}\n`);
  const answer = `${received.status}\n${headers.toSorted().join('')}\n${received.text}`;
  const whole = `### to the server\n${sent}\n\n### to the client\n${answer}\n`;
  return steady(whole.replaceAll(String(backend.port), 'PORT'));
}

/** The server's own answer to what it got, from its twin, without what the gateway may take away. */
async function serversOwn(wireCase: WireCase, backend: MockServer): Promise<string> {
  const twin = await startServer(wireCase);
  const body = backend.posts()[0]?.body ?? '';
  const { text } = await send(`${twin.baseUrl}/chat/completions`, { body });
  if (wireCase.passes === 'all') return steady(text);
  const kept = text.split('\n\n').filter((event) => !/"choices":\[\].*"usage":\{/.test(event));
  expect(kept.length).toBe(text.split('\n\n').length - 1);
  return steady(kept.join('\n\n'));
}

/** Times of creation differ from run to run. */
function steady(text: string): string {
  return text.replace(/"created":\d{10}/g, '"created":0');
}
