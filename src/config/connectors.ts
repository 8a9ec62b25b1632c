import { basename } from 'node:path';
import { Secret } from '../secret.ts';
import type { BackendConfig, Credential } from './backend-config.ts';
import { splitBackendUrl } from './backend-url.ts';
import { timing } from './build-backend.ts';
import { checkTree, type Loose, required } from './check-tree.ts';
import type { Connector } from './config.ts';
import { secretFrom } from './key-value.ts';
import { isOwnAddress, type ListenAddress, ownAddressText } from './listen-address.ts';
import { cleanPem } from './private-key.ts';
import type { FileReport } from './report.ts';
import { type ProviderTable, providerTable } from './schema/connectors-file.ts';
import { formatPath, type MappingNode, type Path, type Place, type TreeNode } from './tree.ts';
import { unpooled } from './unpooled.ts';
import { writtenValues } from './written-values.ts';

/** A connector with its place, before it is known whether something else holds its name. */
export interface PlacedConnector extends Omit<Connector, 'heldBy'> {
  readonly keys: Path;
  readonly place: Place;
}

/** What a connectors file says. */
export interface Connectors {
  readonly providers: ReadonlyMap<string, BackendConfig>;
  /** In the order of the file. */
  readonly connectors: readonly PlacedConnector[];
}

const reserved = new Set(['base_url', 'api_key', 'oauth']);

/** Checks a connectors file and turns it into providers and connectors; what is faulty is in the report and left out. */
export function checkConnectors(tree: MappingNode, own: ListenAddress | undefined, report: FileReport): Connectors {
  const providers = new Map<string, BackendConfig>();
  const connectors: PlacedConnector[] = [];
  if (tree.entries.size === 0) report.warning(tree.place, [], 'has no providers, so it adds no models');
  for (const [label, entry] of tree.entries) {
    if (entry.node.kind !== 'mapping') {
      report.error(
        entry.keyPlace,
        [label],
        `must be a table, since a provider is a table: write [${formatPath([label])}] once and its fields below`,
      );
      continue;
    }
    const provider = checkProvider(label, entry.node, own, report);
    connectors.push(...provider.connectors);
    if (provider.backend) providers.set(label, provider.backend);
  }
  connectors.sort((a, b) => a.place.line - b.place.line || a.place.column - b.place.column);
  checkUnique(connectors, report);
  return { providers, connectors };
}

function checkProvider(label: string, node: MappingNode, own: ListenAddress | undefined, report: FileReport) {
  const split = withoutSplitNames(label, node, report);
  const table = checkTree(providerTable, split, report, [label]) ?? {};
  const written = (name: string) => node.entries.get(name);
  const oauth = written('oauth');
  if (written('api_key') && oauth) {
    report.error(oauth.node.place, [label, 'oauth'], 'only one of api_key and oauth may be given; take one out');
  }
  if (!written('api_key') && !oauth)
    report.error(node.place, [label, 'api_key'], required(providerTable.shape.api_key));
  const url = table.base_url;
  if (url !== undefined && own && isOwnAddress(url, own)) {
    report.error(written('base_url')?.node.place, [label, 'base_url'], ownAddressText);
  }
  const hasConnectors = [...node.entries].some(([name, entry]) => !reserved.has(name) && entry.node.kind === 'mapping');
  if (!hasConnectors) {
    report.warning(
      node.place,
      [label],
      `has no connectors, so it adds no models; write a table such as [${formatPath([label, 'my-model'])}]`,
    );
  }
  const credential = providerCredential(label, table, report.name);
  const isBuilt = url !== undefined && credential !== undefined;
  const values = writtenValues(node, report.name);
  const provider = isBuilt ? providerBackend(label, url, credential, report.name) : undefined;
  const backend = provider && { ...provider, written: () => values };
  return { backend, connectors: connectorsOf(label, table, node) };
}

/** `[openai.gpt-4.1]` without quotes is a table in a table: that is said once, in place of all that follows from it. */
function withoutSplitNames(label: string, node: MappingNode, report: FileReport): MappingNode {
  const entries = new Map(node.entries);
  for (const [name, entry] of node.entries) {
    if (reserved.has(name) || entry.node.kind !== 'mapping') continue;
    for (const [inner, innerEntry] of entry.node.entries) {
      if (innerEntry.node.kind !== 'mapping') continue;
      const whole = [name, inner, ...onlyTables(innerEntry.node)].join('.');
      const quoted = `[${formatPath([label])}.${JSON.stringify(whole)}]`;
      report.error(
        innerEntry.node.place,
        [label, name, inner],
        `a connector has no tables in it; a name with a dot needs quotes: ${quoted}`,
      );
      const rest = new Map([...entry.node.entries].filter(([, other]) => other.node.kind !== 'mapping'));
      if (rest.size === 0) entries.delete(name);
      else entries.set(name, { ...entry, node: { ...entry.node, entries: rest } });
    }
  }
  return { ...node, entries };
}

function onlyTables(node: MappingNode): string[] {
  for (const [name, entry] of node.entries) {
    if (entry.node.kind === 'mapping') return [name, ...onlyTables(entry.node)];
  }
  return [];
}

function providerCredential(label: string, table: Loose<ProviderTable>, file: string): Credential | undefined {
  const source = (field: string) => `${basename(file)}: ${formatPath(field === '' ? [label] : [label, field])}`;
  const secret = secretFrom(table.api_key);
  if (secret) {
    return {
      kind: 'key',
      header: 'authorization',
      prefix: 'Bearer ',
      secret,
      source: source('api_key'),
      variable: undefined,
    };
  }
  const { private_key, token_url, issuer, audience, scope } = table.oauth ?? {};
  if (private_key === undefined || token_url === undefined || issuer === undefined || audience === undefined)
    return undefined;
  const privateKey = new Secret(cleanPem(private_key));
  return { kind: 'oauth', tokenUrl: token_url, issuer, audience, scope, privateKey, source: source('oauth') };
}

function providerBackend(label: string, url: string, credential: Credential, place: string): BackendConfig {
  return {
    name: label,
    origin: 'connectors',
    type: 'custom',
    ...splitBackendUrl(url),
    ...unpooled(credential),
    headers: [],
    models: new Map(),
    defaultModel: undefined,
    ...timing(),
    place,
  };
}

function connectorsOf(label: string, table: Loose<ProviderTable>, node: MappingNode): PlacedConnector[] {
  const found: PlacedConnector[] = [];
  for (const [name, value] of Object.entries(table)) {
    if (reserved.has(name) || typeof value !== 'object') continue;
    const { internal, external } = value as { internal?: string; external?: string };
    const entry = node.entries.get(name)?.node;
    const place = placeOfInternal(entry);
    if (internal === undefined || external === undefined || !place) continue;
    found.push({
      internal,
      external,
      provider: label,
      path: formatPath([label, name]),
      keys: [label, name, 'internal'],
      place,
    });
  }
  return found;
}

function placeOfInternal(node: TreeNode | undefined): Place | undefined {
  return node?.kind === 'mapping' ? node.entries.get('internal')?.node.place : undefined;
}

function checkUnique(connectors: readonly PlacedConnector[], report: FileReport): void {
  const first = new Map<string, PlacedConnector>();
  for (const connector of connectors) {
    const earlier = first.get(connector.internal);
    if (earlier) {
      const paths = `${formatPath(earlier.keys)} and ${formatPath(connector.keys)}`;
      report.error(
        connector.place,
        connector.keys,
        `is used twice, by ${paths}; each connector needs a name of its own`,
      );
    } else {
      first.set(connector.internal, connector);
    }
  }
}
