import type { Config } from '../config/config.ts';
import { type Gateway, startGateway } from '../gateway.ts';
import { openLog } from '../telemetry/log.ts';
import type { ConfigFlags } from './config-options.ts';
import { startDemo } from './demo.ts';
import { loadOrComplain } from './load.ts';
import { printBackendLines, printReady } from './start-lines.ts';

/** `headrace start`: runs until it is told to end. */
export async function start(flags: ConfigFlags & { printConfig?: boolean }): Promise<void> {
  const loaded = await loadOrComplain(flags);
  if (loaded === undefined) return;
  if (flags.printConfig) {
    printConfig(loaded);
    return;
  }
  const demo = await startDemo(loaded);
  const config = demo?.config ?? loaded;
  const log = openLog(config.settings.logLevel);
  let gateway: Gateway;
  try {
    gateway = await startGateway(config, { log, env: process.env });
  } catch (error) {
    process.stderr.write(`${describeListenError(error, config)}\n`);
    process.exitCode = 1;
    await demo?.close();
    return;
  }
  endOnSignals(gateway, async () => {
    await demo?.close();
    log.flush();
  });
  printReady(gateway, config);
  await printBackendLines(gateway.runtime.backends);
}

function printConfig(config: Config): void {
  for (const { name, value, source } of config.settings.effective) {
    const text = value === undefined ? 'none' : typeof value === 'string' ? value : JSON.stringify(value);
    process.stdout.write(`${name} = ${text}  (${source})\n`);
  }
}

function describeListenError(error: unknown, config: Config): string {
  const { host, port } = config.settings;
  const code = (error as { code?: string }).code;
  if (code === 'EADDRINUSE') return `headrace: port ${port} of ${host} is in use; choose another with --port`;
  if (code === 'EACCES') return `headrace: port ${port} is not allowed for this user; choose another with --port`;
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return `headrace: ${host} is no address of this machine (--host)`;
  throw error;
}

/** The first signal lets running requests end, a second one ends at once. */
function endOnSignals(gateway: Gateway, after: () => Promise<void>): void {
  let ending = false;
  const end = async () => {
    if (ending) process.exit(1);
    ending = true;
    await gateway.close();
    await after();
    process.exit(0);
  };
  process.on('SIGINT', end);
  process.on('SIGTERM', end);
  if (process.channel) {
    process.on('disconnect', end); // the launcher was killed
    process.channel.unref();
  }
}
