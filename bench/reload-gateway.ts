import { ConfigLoader } from '../src/config/config-loader.ts';
import { formatProblem } from '../src/config/problem.ts';
import { type Gateway, startGateway } from '../src/gateway.ts';
import { openLog } from '../src/telemetry/log.ts';

/** Starts a gateway in this process, on a free port, with a folder that it watches. */
export async function startInProcess(folder: string): Promise<Gateway> {
  const flags = { configDir: folder, port: '0', logLevel: 'error' };
  const loader = new ConfigLoader({ flags, env: {}, cwd: folder });
  const { config, problems, sources } = await loader.load();
  if (config === undefined) throw new Error(problems.map(formatProblem).join('\n'));
  const log = openLog('error', { write: (text) => void process.stderr.write(text) });
  return startGateway(config, { log, env: {}, load: () => loader.load(), sources });
}
