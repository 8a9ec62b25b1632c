import { Command } from 'commander';
import { addConfigOptions } from './config-options.ts';
import type { UsageFlags } from './usage.ts';

/** `headrace usage`: reads the storage itself, also while no gateway runs. */
export function usageCommand(): Command {
  return addConfigOptions(new Command('usage'))
    .description('show what was used and what it cost, from the storage; what a running gateway wrote is there at once')
    .option('--from <moment>', 'from when on, such as 2026-11-01; default: 30 days before --to')
    .option('--to <moment>', 'until when, exclusive; default: now')
    .option('--group-by <names>', 'key, owner, team, tag, model, backend, asked, outcome, hour, day; commas between')
    .option('--key <name>', 'only calls of this key')
    .option('--owner <name>', 'only calls of this owner; "" for those without')
    .option('--team <name>', 'only calls of this team; "" for those without')
    .option('--tag <name>', 'only calls with this tag; "" for those without')
    .option('--model <name>', 'only calls that this model answered')
    .option('--backend <name>', 'only calls that this backend answered')
    .option('--asked <name>', 'only calls that asked for this name')
    .option('--outcome <outcome>', 'only calls that ended so: complete, broken, cancelled, failed, refused')
    .option('--calls', 'single calls, the newest first, instead of sums')
    .option('--format <format>', 'table, json (a line each) or csv', 'table')
    .action(async (flags: UsageFlags) => (await import('./usage.ts')).showUsage(flags));
}
