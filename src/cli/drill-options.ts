import { type Command, InvalidArgumentError } from 'commander';
import { addConfigOptions, type ConfigFlags } from './config-options.ts';

/** The flags of `headrace drill`, checked. */
export interface DrillFlags extends ConfigFlags {
  readonly seconds: number;
  readonly rate: number;
  readonly patience: number;
  readonly scenarios?: string;
  readonly each?: true;
  readonly limits?: true;
  readonly json?: true;
}

/** What `headrace drill` takes; what it does is loaded when it runs. */
export function addDrillOptions(command: Command): Command {
  return addConfigOptions(command)
    .description('play faults against this configuration, with scripted servers in place of its backends')
    .argument('[route]', 'only this route, backend:model or connector')
    .option(
      '--seconds <number>',
      'how long the load of each scenario lasts; its fault is in the second third',
      seconds,
      3,
    )
    .option('--rate <number>', 'requests per second, half of them streams', rate, 50)
    .option('--patience <seconds>', 'how much longer to wait for a candidate to serve again', patience, 10)
    .option('--scenarios <names>', 'only these, with commas between them')
    .option('--each', 'let every candidate fail in turn, not only the first')
    .option('--limits', 'let the rates per minute of models and keys hold')
    .option('--json', 'print JSON')
    .action(async (route: string | undefined, flags: DrillFlags) => (await import('./drill.ts')).drill(route, flags));
}

const seconds = numberBetween(0.3, 3600);
const rate = numberBetween(1, 2000);
const patience = numberBetween(0, 3600);

function numberBetween(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(`must be a number from ${least} to ${most}.`);
  };
}
