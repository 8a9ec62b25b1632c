import type { OtherNames } from './approach-models.ts';
import type { SettingsTree } from './resolve-setting.ts';
import { nodeAt, type Path } from './tree.ts';

/** Checks the models that calls are to go to when a budget is spent; faults are in the report. */
export function checkDowngrades(file: SettingsTree | undefined, others: OtherNames): void {
  if (file === undefined) return;
  const { tiers, teams, tags, keys } = file.value;
  for (const name of Object.keys(tiers ?? {})) check(['tiers', name], file, others);
  for (const name of Object.keys(teams ?? {})) check(['teams', name, 'limits'], file, others);
  for (const name of Object.keys(tags ?? {})) check(['tags', name, 'limits'], file, others);
  for (const index of (keys ?? []).keys()) check(['keys', index, 'limits'], file, others);
}

function check(limits: Path, file: SettingsTree, { names, aliases, hasDefault }: OtherNames): void {
  const path = [...limits, 'when_spent', 'downgrade_to'];
  const node = nodeAt(file.tree, path);
  if (node?.kind !== 'scalar' || typeof node.value !== 'string' || node.value.trim() === '') return;
  const name = node.value;
  const found = names.find(name);
  if (found.kind === 'target' && found.warning !== undefined) {
    file.report.warning(node.place, path, found.warning);
  } else if (found.kind === 'fault' && !hasDefault && !aliases.some(({ pattern }) => pattern.test(name))) {
    file.report.error(node.place, path, found.fault);
  }
}
