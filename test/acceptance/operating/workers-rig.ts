import { join } from 'node:path';
import { startFakeBackend } from '../../fake-backend/fake-backend.ts';
import { type RunningCommand, runCommand } from '../../harness/command-line.ts';
import { writeConfig } from '../../harness/test-gateway.ts';
import { chat, chatPath } from '../local-servers/chat.ts';
import { connectorsFile, declaring } from './rig.ts';

/** A gateway with two workers. */
export interface Rig {
  readonly url: string;
  readonly folder: string;
  readonly command: RunningCommand;
  readonly provider: Awaited<ReturnType<typeof startFakeBackend>>;
}

/** A backend `b` with the models `m` and `n`, and connectors `con` and `m`. */
export async function start(settings = ''): Promise<Rig> {
  const provider = await startFakeBackend();
  const cwd = await writeConfig({
    'config/headrace.yaml': settings,
    'config/backends/b/backend.yaml': declaring(provider.baseUrl, 'm', 'n'),
    'config/external-api-connectors.toml': connectorsFile(provider.baseUrl, { con: 'x', m: 'y' }),
  });
  return { ...(await startIn(cwd)), folder: join(cwd, 'config'), provider };
}

export async function startIn(cwd: string): Promise<Pick<Rig, 'url' | 'command'>> {
  const command = runCommand(['start', '--port', '0', '--workers', '2'], { cwd });
  const [, url = ''] = await command.waitFor(/listening on (http:\S+)/);
  return { url, command };
}

/** The same question to both workers: each new connection goes to the next one. */
export async function fromAll<T>(work: () => Promise<T>): Promise<T[]> {
  const answers: T[] = [];
  for (let i = 0; i < 4; i++) answers.push(await work());
  return answers;
}

export function tryAll({ url }: Rig, model: string): Promise<string[]> {
  return fromAll(async () => {
    const answer = await fetch(url + chatPath, {
      method: 'POST',
      headers: { 'content-type': 'application/json', connection: 'close' },
      body: JSON.stringify(chat({ model })),
    });
    await answer.text();
    return `${answer.status} ${answer.headers.get('x-headrace-backend') ?? ''}`.trim();
  });
}
