import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type MockReply, startFakeBackend } from '../fake-backend/fake-backend.ts';
import { backendYaml, startTestGateway, type TestGateway, writeConfig } from './test-gateway.ts';

// biome-ignore lint/suspicious/noExplicitAny: lines of JSON, of which each test looks at a part
export type CapturedLine = any;

export interface CaptureRig {
  readonly gateway: TestGateway;
  readonly folder: string;
  /** The captured exchanges, when there are so many. */
  lines(count: number): Promise<CapturedLine[]>;
}

export const captureEnv = {
  BACKEND_KEY: 'key-of-the-backend-4711',
  ALICE_KEY: 'key-of-alice-0815',
  BOB_KEY: 'key-of-bob-1234',
};
const alice = { authorization: `Bearer ${captureEnv.ALICE_KEY}` };
export const chatBody = (more: object = {}) => ({
  model: 'a:m',
  messages: [{ role: 'user', content: 'hello there' }],
  ...more,
});

/** A gateway in front of one backend, that captures. */
export async function startCaptureRig(
  replies: readonly MockReply[],
  more: { backend?: string; capture?: string; files?: Record<string, string> } = {},
): Promise<CaptureRig> {
  const folder = join(await writeConfig({}), 'captured');
  const backend = await startFakeBackend(replies);
  const access = `api_key_env_var: BACKEND_KEY\nretry_delay: 0.01\n${more.backend ?? ''}`;
  const files = {
    'backends/a/backend.yaml': backendYaml(backend.baseUrl, access),
    'headrace.yaml': `keys:
  - {name: alice, key_env_var: ALICE_KEY}
  - {name: bob, key_env_var: BOB_KEY}
telemetry: {capture: {folder: "${folder}"${more.capture ?? ''}}}
`,
    ...more.files,
  };
  const gateway = await startTestGateway({ files, env: captureEnv });
  const lines = async (count: number) => {
    await expect.poll(() => readCapture(folder).length, { timeout: 20_000 }).toBeGreaterThanOrEqual(count);
    return readCapture(folder);
  };
  return { gateway, folder, lines };
}

export function readCapture(folder: string): CapturedLine[] {
  return captureTexts(folder).map((line) => JSON.parse(line));
}

/** The lines of all files as they stand there. */
export function captureTexts(folder: string): string[] {
  return captureFiles(folder).flatMap((name) =>
    readFileSync(join(folder, name), 'utf8')
      .split('\n')
      .filter((line) => line.trim() !== ''),
  );
}

export function captureFiles(folder: string): string[] {
  try {
    return readdirSync(folder).toSorted();
  } catch {
    return [];
  }
}

/** Makes a call with the key of alice. */
export async function postAsAlice({ gateway }: CaptureRig, body: object | string): Promise<string> {
  const answer = await gateway.post('/v1/chat/completions', body, alice);
  return answer.text();
}
