import { compilePattern } from './pattern-rules.ts';
import type { SettingsTree } from './resolve-setting.ts';
import type { ModelAlias } from './route-config.ts';
import { didYouMean } from './suggest.ts';
import { nodeAt } from './tree.ts';

/** Reads and checks `model_aliases`; what is faulty is in the report and left out. */
export function loadModelAliases(file: SettingsTree | undefined): ModelAlias[] {
  const aliases: ModelAlias[] = [];
  for (const [index, alias] of (file?.value.model_aliases ?? []).entries()) {
    if (!file || alias?.pattern === undefined) continue;
    const { tree, report } = file;
    const path = ['model_aliases', index];
    const place = (field: string) => nodeAt(tree, [...path, field])?.place;
    const pattern = compilePattern(alias.pattern);
    if (typeof pattern === 'string') {
      report.error(place('pattern'), [...path, 'pattern'], pattern);
      continue;
    }
    if (alias.model === undefined) continue;
    const fault = replacementFault(alias.model, alias.pattern);
    if (fault !== undefined) {
      report.error(place('model'), [...path, 'model'], fault);
      continue;
    }
    const at = nodeAt(tree, path)?.place;
    aliases.push({ pattern, model: alias.model, place: `${report.name}:${at?.line}:${at?.column}` });
  }
  return aliases;
}

/** What is wrong with the references in a new name; undefined: nothing. */
function replacementFault(model: string, pattern: string): string | undefined {
  const groups = new RegExp(`${pattern}|`, 'u').exec('');
  const count = (groups?.length ?? 1) - 1;
  const named = Object.keys(groups?.groups ?? {});
  for (const [sign, digits, name] of model.matchAll(/\$(?:(\d{1,2})|<([^>]*)>|\$)?/g)) {
    if (sign === '$$') continue;
    if (sign === '$')
      return 'has a $ that refers to nothing; write $1 or $<name> for a group, or $$ for the sign itself';
    if (name !== undefined && !named.includes(name)) {
      const there = named.length > 0 ? `the names are ${named.join(', ')}` : 'none of its groups has a name';
      return `refers to a group that the pattern has not${didYouMean(name, named)}; ${there}`;
    }
    if (digits === undefined) continue;
    const isThere = [digits, digits.slice(0, 1)].some((number) => Number(number) >= 1 && Number(number) <= count);
    if (!isThere) return `refers to group ${Number(digits)}, but the pattern has ${groupsText(count)}`;
  }
  return undefined;
}

function groupsText(count: number): string {
  if (count === 0) return 'no groups; put what it stands for in ( ) there';
  return count === 1 ? 'one group' : `${count} groups`;
}
