import { Secret } from '../secret.ts';
import type { McpServerConfig } from './approaches-config.ts';
import type { Loose } from './check-tree.ts';
import { headerNameFault, unsendableText } from './header-rules.ts';
import { unsendable } from './key-value.ts';
import type { SettingsTree } from './resolve-setting.ts';
import type { ApproachesSection } from './schema/approaches-section.ts';
import { entriesAt, nodeAt, type Path } from './tree.ts';

type ServerValue = Loose<NonNullable<ApproachesSection['mcp_servers']>[string]>;

const serversPath = ['approaches', 'mcp_servers'];
/** It begins the names of the server's tools, before two underscores. */
const serverName = /^[A-Za-z0-9]+(?:[-_][A-Za-z0-9]+)*$/;
const longestName = 32;
const variableName = /^[A-Za-z_][A-Za-z0-9_]*$/;
const protocolHeaders = new Set(['accept', 'content-type', 'mcp-session-id', 'mcp-protocol-version', 'last-event-id']);

/** Reads and checks the servers of tools; what is faulty is in the report and left out. */
export function loadMcpServers(file: SettingsTree): ReadonlyMap<string, McpServerConfig> {
  const servers = new Map<string, McpServerConfig>();
  for (const [name, { keyPlace }] of entriesAt(file.tree, serversPath)) {
    if (name !== '' && (!serverName.test(name) || name.length > longestName)) {
      const fault = `must be of letters and digits, with single - or _ between them, and of at most ${longestName} characters, since the names of its tools begin with it`;
      file.report.error(keyPlace, [...serversPath, name], fault);
    }
    const value = file.value.approaches?.mcp_servers?.[name];
    const server = value && readServer(name, value, file);
    if (server) servers.set(name, server);
  }
  return servers;
}

function readServer(name: string, value: ServerValue, file: SettingsTree): McpServerConfig | undefined {
  const path = [...serversPath, name];
  const isWritten = (field: string) => nodeAt(file.tree, [...path, field]) !== undefined;
  const [hasCommand, hasUrl] = [isWritten('command'), isWritten('url')];
  if (hasCommand && hasUrl) {
    fail(file, [...path, 'url'], 'only one of command and url may be given; leave one out');
  } else if (hasUrl) {
    checkAlien(['args', 'env'], 'command, and this server has a url', path, file);
  } else if (hasCommand) {
    checkAlien(['headers'], 'url, and this server has a command', path, file);
  } else {
    const fault = 'required: command with the program of the server, or url with its address';
    file.report.error(entriesAt(file.tree, serversPath).get(name)?.keyPlace, path, fault);
  }
  checkCommand(value, path, file);
  checkVariables(value, path, file);
  checkHeaders(value, path, file);
  const { command, url } = value;
  if (command !== undefined) {
    const args = (value.args ?? []).filter((one) => one !== undefined);
    return { kind: 'command', name, command, args, env: secretsOf(value.env, (variable) => variable) };
  }
  const headers = secretsOf(value.headers, (header) => header.toLowerCase());
  return url === undefined ? undefined : { kind: 'url', name, url, headers };
}

function fail({ tree, report }: SettingsTree, path: Path, fault: string): void {
  report.error(nodeAt(tree, path)?.place, path, fault);
}

function checkAlien(fields: readonly string[], owner: string, path: Path, file: SettingsTree): void {
  for (const field of fields) {
    if (!nodeAt(file.tree, [...path, field])) continue;
    fail(file, [...path, field], `belongs to ${owner}; leave it out`);
  }
}

function checkCommand({ command, args }: ServerValue, path: Path, file: SettingsTree): void {
  if (command?.includes('\0')) fail(file, [...path, 'command'], withNul);
  for (const [index, one] of (args ?? []).entries()) {
    if (one?.includes('\0')) fail(file, [...path, 'args', index], withNul);
  }
  if (command === undefined || !/\s-/.test(command)) return;
  const doubt = 'is taken as the name of one program, white space and all; write its arguments as a list under args';
  file.report.warning(nodeAt(file.tree, [...path, 'command'])?.place, [...path, 'command'], doubt);
}

/** What is wrong with a text for a program. */
export const withNul = 'has a NUL character, which no program can take';

function checkVariables({ env }: ServerValue, path: Path, file: SettingsTree): void {
  for (const [name, { keyPlace }] of entriesAt(file.tree, [...path, 'env'])) {
    const here = [...path, 'env', name];
    if (name !== '' && !variableName.test(name)) {
      file.report.error(keyPlace, here, 'is not a variable name; write letters, digits and underscores');
    }
    if (env?.[name]?.includes('\0')) fail(file, here, withNul);
  }
}

function checkHeaders({ headers }: ServerValue, path: Path, file: SettingsTree): void {
  const seen = new Map<string, string>();
  for (const [name, { keyPlace }] of entriesAt(file.tree, [...path, 'headers'])) {
    if (name === '') continue;
    const here = [...path, 'headers', name];
    const lower = name.toLowerCase();
    const own = protocolHeaders.has(lower) ? 'is set by the gateway itself; leave it out' : undefined;
    const fault = own ?? headerNameFault(lower, undefined, seen.get(lower));
    if (fault !== undefined) file.report.error(keyPlace, here, fault);
    seen.set(lower, name);
    const value = headers?.[name];
    if (value !== undefined && unsendable(value)) fail(file, here, unsendableText);
  }
}

function secretsOf(
  values: Readonly<Record<string, string | undefined>> | undefined,
  normal: (name: string) => string,
): ReadonlyMap<string, Secret> {
  const secrets = new Map<string, Secret>();
  for (const [name, value] of Object.entries(values ?? {})) {
    if (value !== undefined) secrets.set(normal(name), new Secret(value));
  }
  return secrets;
}
