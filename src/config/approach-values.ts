import { Secret } from '../secret.ts';
import type { WebSearchConfig } from './approaches-config.ts';
import type { EffectiveSetting } from './config.ts';
import type { SettingsTree } from './resolve-setting.ts';
import { approachesDefaults } from './schema/approaches-section.ts';
import { type MappingNode, nodeAt, type TreeNode } from './tree.ts';
import { writtenValues } from './written-values.ts';

const section = 'approaches';

/** What the section `approaches` says, value by value, and what it leaves to the defaults; without secrets. */
export function approachValues(
  file: SettingsTree | undefined,
  webSearch: WebSearchConfig | undefined,
): EffectiveSetting[] {
  const node = file && nodeAt(file.tree, [section]);
  const written = file && node ? writtenValues(withoutSecrets(node), file.report.name, [section]) : [];
  const names = new Set(written.map(({ name }) => name));
  const isNew = ({ name }: EffectiveSetting) => !names.has(name) && !names.has(`${name}[0]`);
  return [...written, ...defaultsOf(webSearch).filter(isNew), ...keyOf(webSearch)];
}

function defaultsOf(webSearch: WebSearchConfig | undefined): EffectiveSetting[] {
  const { code_execution, web_search, privacy, ...plain } = approachesDefaults;
  return [
    ...Object.entries(plain),
    ...Object.entries(code_execution).map(([name, value]) => [`code_execution.${name}`, value] as const),
    ...(webSearch ? [['web_search.max_results', web_search.max_results] as const] : []),
  ].map(([name, value]) => ({ name: `${section}.${name}`, value, source: 'default' }));
}

function keyOf(webSearch: WebSearchConfig | undefined): EffectiveSetting[] {
  const variable = webSearch?.keyVariable;
  if (variable === undefined) return [];
  const value = webSearch?.apiKey ? `env ${variable} ${webSearch.apiKey.hint()}`.trimEnd() : 'not set';
  return [{ name: `${section}.web_search.key`, value, source: `environment ${variable}` }];
}

/** Hides what servers of tools may be told in secret. Headers are hidden everywhere. */
function withoutSecrets(approaches: TreeNode): TreeNode {
  return changed(approaches, 'mcp_servers', (servers) =>
    eachValue(servers, (server) => {
      const withoutVariables = changed(server, 'env', hidden);
      const withoutArguments = changed(withoutVariables, 'args', (args) => hiddenWhere(args, isFromVariable));
      return changed(withoutArguments, 'url', withoutKeys);
    }),
  );
}

function changed(node: TreeNode, name: string, change: (value: TreeNode) => TreeNode): TreeNode {
  const entry = node.kind === 'mapping' ? node.entries.get(name) : undefined;
  if (node.kind !== 'mapping' || entry === undefined) return node;
  return { ...node, entries: new Map(node.entries).set(name, { ...entry, node: change(entry.node) }) };
}

function eachValue(node: TreeNode, change: (value: TreeNode) => TreeNode): TreeNode {
  if (node.kind === 'scalar') return node;
  if (node.kind === 'list') return { ...node, items: node.items.map(change) };
  const entries: MappingNode['entries'] = new Map(
    [...node.entries].map(([name, entry]) => [name, { ...entry, node: change(entry.node) }]),
  );
  return { ...node, entries };
}

function hidden(node: TreeNode): TreeNode {
  return hiddenWhere(node, () => true);
}

function hiddenWhere(node: TreeNode, isSecret: (node: TreeNode) => boolean): TreeNode {
  if (node.kind !== 'scalar') return eachValue(node, (value) => hiddenWhere(value, isSecret));
  return isSecret(node) ? { ...node, value: new Secret(String(node.value)).hint() || '[secret]' } : node;
}

/** A key is not written into an argument, but may well come into it. */
function isFromVariable(node: TreeNode): boolean {
  return node.kind === 'scalar' && node.substituted === true;
}

/** Its query may hold a key, and so may its path where that came out of a variable. */
function withoutKeys(node: TreeNode): TreeNode {
  if (node.kind !== 'scalar' || typeof node.value !== 'string') return node;
  const url = URL.canParse(node.value) ? new URL(node.value) : undefined;
  if (node.substituted) return { ...node, value: url ? `${url.origin}/[secret]` : '[secret]' };
  return { ...node, value: node.value.replace(/\?[\s\S]*$/, '?[secret]') };
}
