import { existsSync } from 'node:fs';
import { Command } from 'commander';
import { version } from '../version.ts';
import { addConfigOptions, type ConfigFlags } from './config-options.ts';
import { addDrillOptions } from './drill-options.ts';
import type { ExplainFlags } from './explain.ts';

/**
 * Runs the command that the arguments name; `start` where they name none. A command's own code is loaded when it runs.
 * @param argv as `process.argv`
 */
export async function runCommandLine(argv: readonly string[]): Promise<void> {
  loadDotEnv();
  await createProgram().parseAsync(argv as string[]);
}

/** The whole command line, for running it and for writing its reference. */
export function createProgram(): Command {
  const program = new Command('headrace')
    .description('An LLM gateway: one server in front of every model.')
    .version(version)
    .showHelpAfterError('(--help shows what there is)')
    .enablePositionalOptions();
  addConfigOptions(program.command('start', { isDefault: true }))
    .description('start the gateway (the default)')
    .option('--print-config', 'show each effective setting with its source, and exit')
    .action(async (flags: ConfigFlags & { printConfig?: boolean }) => (await import('./start.ts')).start(flags));
  addConfigOptions(program.command('check'))
    .description('check the whole configuration and print every problem; opens no port')
    .action(async (flags: ConfigFlags) => (await import('./check.ts')).check(flags));
  addConfigOptions(program.command('doctor'))
    .description('make one real one-token chat per backend and say what answers, what does not and what to do')
    .argument('[backend]', 'only this backend or provider')
    .action(async (name: string | undefined, flags: ConfigFlags) => (await import('./doctor.ts')).doctor(name, flags));
  addConfigOptions(program.command('explain'))
    .description('say what would happen to a request, without any upstream call')
    .argument('<file>', 'a request body as JSON; "-" reads standard input')
    .option('--endpoint <path>', 'chat/completions, completions or embeddings', 'chat/completions')
    .option('--key <name>', 'say what becomes of it for the holder of this key, and how the limits stand')
    .action(async (file: string, flags: ExplainFlags) => (await import('./explain.ts')).explain(file, flags));
  addDrillOptions(program.command('drill'));
  program
    .command('schema')
    .description('print the JSON Schemas of the configuration files')
    .argument('[file]', 'only this one: backend, connectors or headrace')
    .action(async (file: string | undefined) => (await import('./schema.ts')).schema(file));
  // The options of these belong to their own files, which are loaded only when they are asked for.
  program
    .command('keys')
    .description('make and change keys, teams and tags in the storage; a running gateway notices within a second')
    .helpOption(false)
    .allowUnknownOption()
    .allowExcessArguments()
    .action(async (_flags: unknown, command: Command) => {
      const { keysCommand } = await import('./keys-commands.ts');
      await keysCommand().parseAsync(command.args, { from: 'user' });
    });
  program
    .command('usage')
    .description('show what was used and what it cost, from the storage')
    .helpOption(false)
    .allowUnknownOption()
    .allowExcessArguments()
    .action(async (_flags: unknown, command: Command) => {
      const { usageCommand } = await import('./usage-command.ts');
      await usageCommand().parseAsync(command.args, { from: 'user' });
    });
  program
    .command('mock')
    .description('a scripted OpenAI-compatible server for tests and demos')
    .helpOption(false)
    .allowUnknownOption()
    .allowExcessArguments()
    .action(async (_flags: unknown, command: Command) => {
      const { mockCommand } = await import('./mock.ts');
      await mockCommand().parseAsync(command.args, { from: 'user' });
    });
  return program;
}

/** Variables of a `.env` in the working directory; those that are set already win. */
function loadDotEnv(): void {
  if (!existsSync('.env')) return;
  process.loadEnvFile('.env');
}
