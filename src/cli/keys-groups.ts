import { newGroup } from '../admin/group-schemas.ts';
import { takeLimits } from '../admin/limit-schemas.ts';
import { checked } from '../admin/read-request.ts';
import { showGroup } from '../admin/show.ts';
import { nameFault } from '../config/schema/key-fields.ts';
import { GatewayError } from '../gateway-error.ts';
import type { Group } from '../keys/virtual-key.ts';
import type { KeyFlags } from './keys.ts';
import { operator, withKeys } from './keys-session.ts';
import { printJson, printTable, readJsonFlag } from './keys-text.ts';

type Kind = Group['kind'];

export function listGroups(kind: Kind, flags: KeyFlags): Promise<void> {
  return withKeys(flags, async ({ book }) => {
    const groups = [...book.directory.groups(kind).values()].map((group) => showGroup(group, book.directory));
    if (flags.json) return printJson(groups);
    const rows = groups.map(({ name, tier, limits, keys, source }) => [
      name,
      tier ?? '-',
      JSON.stringify(limits ?? {}),
      String(keys),
      source ?? 'storage',
    ]);
    printTable(['NAME', 'TIER', 'LIMITS', 'KEYS', 'FROM'], rows);
  });
}

export function setGroup(kind: Kind, name: string, flags: KeyFlags): Promise<void> {
  return withKeys(flags, async ({ book, managers }) => {
    const fault = nameFault(name);
    if (fault !== undefined) throw new GatewayError('invalid_request', `the name ${fault}`);
    const given = checked(newGroup, { tier: flags.tier, limits: readJsonFlag('--limits', flags.limits) });
    const wanted = { kind, name, tier: given.tier ?? undefined, limits: takeLimits(given.limits) };
    const group = await managers.groups.put(wanted, undefined, operator);
    if (flags.json) printJson(showGroup(group, book.directory));
    else process.stdout.write(`${kind} ${name} is set\n`);
  });
}

export function deleteGroup(kind: Kind, name: string, flags: KeyFlags): Promise<void> {
  return withKeys(flags, async ({ managers }) => {
    await managers.groups.delete(kind, name, { force: flags.force === true, version: undefined }, operator);
    if (flags.json) printJson({ deleted: name });
    else process.stdout.write(`deleted ${kind} ${name}\n`);
  });
}
