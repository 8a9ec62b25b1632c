// Measures what reloads do to running requests, and whether many of them leave anything behind; see README.md.
//   npm run build && npm run bench -- --reload [--backends 500] [--models 20] [--rate 200] [--seconds 10] [--reloads 10000]
import { parseArgs } from 'node:util';
import { measureReloadCost } from './reload-cost.ts';
import { measureReloadLatency } from './reload-latency.ts';
import { measureReloadLeak } from './reload-leak.ts';
import { MissingTool, openToolbox } from './toolbox.ts';

const defaults = { backends: '500', models: '20', rate: '200', seconds: '10', reloads: '10000' };

/**
 * Prints three Markdown tables: what a reload costs, a steady load without and with reloads, and what many reloads leave
 * behind.
 * @param args those of the command line; `--seconds 0` leaves the load out, `--reloads 0` the last table
 * @param work a folder that may be written to
 * @throws MissingTool
 */
export async function benchReload(args: readonly string[], work: string): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      reload: { type: 'boolean' },
      backends: { type: 'string', default: defaults.backends },
      models: { type: 'string', default: defaults.models },
      rate: { type: 'string', default: defaults.rate },
      seconds: { type: 'string', default: defaults.seconds },
      reloads: { type: 'string', default: defaults.reloads },
    },
  });
  const read = (name: keyof typeof defaults) => readNumber(name, values[name]);
  const size = { backends: read('backends'), models: read('models'), rate: read('rate'), seconds: read('seconds') };
  console.log(`${await measureReloadCost(size, work)}\n`);
  if (size.seconds > 0) console.log(await measureReloadLatency(size, openToolbox(), work));
  const reloads = read('reloads');
  if (reloads > 0) console.log(`\n${await measureReloadLeak(reloads, work)}`);
}

function readNumber(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new MissingTool(`--${name} takes a whole number`);
  return value;
}
