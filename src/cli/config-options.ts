import type { Command } from 'commander';
import type { Flags } from '../config/flags.ts';

/** The flags by which every command finds its configuration. */
export type ConfigFlags = Flags;

/** Adds them to a command. Their values are checked with the rest of the configuration, so they stay text here. */
export function addConfigOptions(command: Command): Command {
  return command
    .option('--host <address>', 'address to listen on (127.0.0.1)')
    .option('--port <number>', 'port to listen on, 0 for any free one (8000)')
    .option('--config-dir <dir>', 'folder of the configuration (./config)')
    .option('--connectors <file>', 'connectors file (<config-dir>/external-api-connectors.toml, if it is there)')
    .option(
      '--base-url <url>',
      'one backend named "default" at this URL, with OPENAI_API_KEY as its key if that is set',
    )
    .option('--default-backend <name>', 'backend of models that name none')
    .option('--force-context-window <tokens>', 'upper limit of the context window of every model')
    .option('--log-level <level>', 'trace, debug, info, warn, error or silent (info)')
    .option('--workers <number>', 'processes that share the port (1)');
}
