import { Command, InvalidArgumentError, Option } from 'commander';
import { loadScript, ScriptError } from '../mock/load-script.ts';
import { magicModels } from '../mock/magic-models.ts';
import type { MockScript, ProfileName } from '../mock/mock-reply.ts';
import { type MockServer, startMockServer } from '../mock/mock-server.ts';
import { profileNames } from '../mock/profiles/registry.ts';
import { loadReplay } from '../mock/replay.ts';

interface MockFlags {
  readonly port: number;
  readonly host: string;
  readonly script?: string;
  readonly requireKey?: string;
  readonly profile?: ProfileName;
  readonly delay?: number;
  readonly replay?: string;
  readonly replaySpeed: number;
}

/** `headrace mock`: a scripted OpenAI-compatible server, for trying a gateway or a client without a model. */
export function mockCommand(): Command {
  return new Command('mock')
    .description('a scripted OpenAI-compatible server for tests and demos')
    .option('--port <number>', 'port to listen on, 0 for any free one', wholeNumber(65_535), 9000)
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--script <file>', 'replies in YAML or JSON')
    .option('--require-key <key>', 'refuse requests without this key')
    .addOption(new Option('--profile <name>', 'answer in the shapes of this server').choices(profileNames))
    .option('--delay <ms>', 'milliseconds before each answer', wholeNumber(2_147_483_647))
    .addOption(
      new Option('--replay <file>', 'answer with what backends answered in this capture, a file or a folder').conflicts(
        ['script', 'requireKey', 'profile', 'delay'],
      ),
    )
    .option('--replay-speed <factor>', '1: with the times of the capture; 2: twice as fast; 0: at once', factor, 0)
    .addHelpText('after', `\nModel names that stand for a behaviour:\n${magicTable()}`)
    .action((flags: MockFlags) => run(flags));
}

async function run(flags: MockFlags): Promise<void> {
  let server: MockServer;
  let line: string;
  try {
    const where = { port: flags.port, host: flags.host };
    if (flags.replay === undefined) {
      const script = withFlags(flags.script === undefined ? {} : await loadScript(flags.script), flags);
      server = await startMockServer({ ...script, ...where });
      line = curlLine(server, script);
    } else {
      const source = await loadReplay(flags.replay, flags.replaySpeed);
      server = await startMockServer({ source, ...where });
      line = `it has ${source.length} recorded answers`;
    }
  } catch (error) {
    const text = startProblem(error, flags);
    if (text === undefined) throw error;
    process.stderr.write(`${text}\n`);
    process.exitCode = 1;
    return;
  }
  process.stdout.write(`mock server at ${server.baseUrl}\n${line}\n`);
  await untilSignal();
  await server.close();
}

function curlLine(server: MockServer, script: MockScript): string {
  const url = `${server.baseUrl}/chat/completions`;
  const key = script.require_key === undefined ? '' : ` -H 'authorization: Bearer KEY'`;
  const body = '{"model":"echo","messages":[{"role":"user","content":"hello"}]}';
  return `try: curl ${url}${key} -H 'content-type: application/json' -d '${body}'`;
}

function withFlags(script: MockScript, flags: MockFlags): MockScript {
  return {
    ...script,
    ...(flags.requireKey !== undefined && { require_key: flags.requireKey }),
    ...(flags.profile !== undefined && { profile: flags.profile }),
    ...(flags.delay !== undefined && { delay_ms: flags.delay }),
  };
}

/** What is said of an error that the user can mend; undefined: another one. */
function startProblem(error: unknown, flags: MockFlags): string | undefined {
  if (error instanceof ScriptError) return error.message;
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE') return `port ${flags.port} of ${flags.host} is in use, choose another with --port`;
  if (code === 'EACCES') return `port ${flags.port} is not allowed, choose another with --port`;
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') return `--host ${flags.host} is no address of this machine`;
  return undefined;
}

function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}

function wholeNumber(maximum: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value <= maximum) return value;
    throw new InvalidArgumentError(`must be a whole number from 0 to ${maximum}.`);
  };
}

function factor(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (value >= 0 && value < Number.POSITIVE_INFINITY) return value;
  throw new InvalidArgumentError('must be a number of at least 0.');
}

function magicTable(): string {
  const width = Math.max(...magicModels.map((model) => model.name.length));
  return magicModels.map((model) => `  ${model.name.padEnd(width)}  ${model.does}`).join('\n');
}
