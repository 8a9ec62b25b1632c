import type { ConfigFlags } from './config-options.ts';
import { loadOrComplain } from './load.ts';

/** `headrace check`: every problem on a line; exit code 1 where one of them is an error. */
export async function check(flags: ConfigFlags): Promise<void> {
  const config = await loadOrComplain(flags);
  if (config === undefined) return;
  const { backends, providers, connectors } = config;
  const counts = [
    count(backends.size, 'backend'),
    ...(providers.size > 0 ? [`${count(providers.size, 'provider')} with ${count(connectors.size, 'connector')}`] : []),
  ];
  process.stdout.write(`the configuration is good: ${counts.join(', ')}\n`);
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
