import { Command } from 'commander';
import { addConfigOptions } from './config-options.ts';
import type { KeyFlags } from './keys.ts';

/** `headrace keys`: makes and changes keys in the storage itself, also while no gateway runs. */
export function keysCommand(): Command {
  const command = new Command('keys')
    .description('make and change keys, teams and tags in the storage; a running gateway notices within a second')
    .enablePositionalOptions();
  addNewKeyOptions(leaf(command, 'create <name>', 'make a key and print its secret, which is shown this once')).action(
    async (name: string, flags: KeyFlags) => (await import('./keys.ts')).createKey(name, flags),
  );
  leaf(command, 'list', 'list all keys').action(async (flags: KeyFlags) => (await import('./keys.ts')).listKeys(flags));
  leaf(command, 'show <key>', 'show one key, by its id or its name').action(async (key: string, flags: KeyFlags) =>
    (await import('./keys.ts')).showOne(key, flags),
  );
  leaf(command, 'rotate <key>', 'give a key another secret and print it')
    .option('--overlap <seconds>', 'how long the old secret still opens the key', '0')
    .action(async (key: string, flags: KeyFlags) => (await import('./keys.ts')).rotateKey(key, flags));
  for (const [action, what] of [
    ['disable', 'refuse a key until it is enabled again'],
    ['enable', 'let in a key again that was disabled'],
    ['delete', 'delete a key; what it used stays in the ledger'],
  ] as const) {
    leaf(command, `${action} <key>`, what).action(async (key: string, flags: KeyFlags) =>
      (await import('./keys.ts')).changeKey(action, key, flags),
    );
  }
  addGroupCommands(command, 'team');
  addGroupCommands(command, 'tag');
  return command;
}

function addGroupCommands(parent: Command, kind: 'team' | 'tag'): void {
  const command = parent.command(`${kind}s`).description(`${kind}s, whose limits hold for all their keys together`);
  const load = () => import('./keys-groups.ts');
  leaf(command, 'list', `list all ${kind}s`).action(async (flags: KeyFlags) => (await load()).listGroups(kind, flags));
  leaf(command, 'set <name>', `make a ${kind}, or replace what it may take`)
    .option('--tier <name>', 'the tier whose limits hold where its own say nothing')
    .option('--limits <json>', 'its limits, as in headrace.yaml but in JSON')
    .action(async (name: string, flags: KeyFlags) => (await load()).setGroup(kind, name, flags));
  const remove = leaf(command, 'delete <name>', `delete a ${kind}`);
  if (kind === 'team') remove.option('--force', 'also where it has keys, which are refused from then on');
  remove.action(async (name: string, flags: KeyFlags) => (await load()).deleteGroup(kind, name, flags));
}

function leaf(parent: Command, name: string, description: string): Command {
  return addConfigOptions(parent.command(name)).description(description).option('--json', 'print JSON');
}

function addNewKeyOptions(command: Command): Command {
  const collect = (value: string, before: string[] = []) => [...before, value];
  return command
    .option('--owner <name>', 'who answers for it')
    .option('--team <name>', 'its team')
    .option('--tag <name>', 'a tag; may be given several times', collect)
    .option('--role <role>', 'admin or user', 'user')
    .option('--model <name>', 'a public model that it may use; may be given several times; none: all', collect)
    .option('--tier <name>', 'the tier whose limits hold where its own say nothing')
    .option('--limits <json>', 'its limits, as in headrace.yaml but in JSON')
    .option('--expires <moment>', 'from when on it is refused, such as 2027-01-31');
}
