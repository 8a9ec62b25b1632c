import { onTestFinished } from 'vitest';
import type { McpServerConfig } from '../../config/approaches-config.ts';
import { Secret } from '../../secret.ts';
import { openLog } from '../../telemetry/log.ts';
import type { TestProgram } from './test-tool-servers.ts';
import { ToolServers } from './tool-servers.ts';

export const never = new AbortController().signal;
const call = { timeoutMs: 10_000, signal: never };

export function program({ settings }: TestProgram, name = 'local'): McpServerConfig {
  const env = new Map(Object.entries(settings.env).map(([key, value]) => [key, new Secret(value)]));
  return { kind: 'command', name, command: settings.command, args: settings.args, env };
}

export function remote(url: string, headers: Record<string, string> = {}, name = 'remote'): McpServerConfig {
  const secrets = new Map(Object.entries(headers).map(([key, value]) => [key, new Secret(value)]));
  return { kind: 'url', name, url, headers: secrets };
}

export interface ServersRig {
  readonly servers: ToolServers;
  /** The log so far, a line each. */
  readonly lines: Record<string, unknown>[];
  /** Another configuration behind the first. */
  next(configs: readonly McpServerConfig[]): ToolServers;
}

/** Servers of tools that are closed with the test. */
export function startServers(
  configs: readonly McpServerConfig[],
  options: { env?: Record<string, string>; openTimeoutMs?: number } = {},
): ServersRig {
  const lines: ServersRig['lines'] = [];
  const log = openLog('debug', { write: (text: string) => void lines.push(JSON.parse(text)) });
  const open = (all: readonly McpServerConfig[], previous?: ToolServers) => {
    const ports = { log, env: {}, ...options };
    const servers = new ToolServers(new Map(all.map((one) => [one.name, one])), ports, previous);
    onTestFinished(() => servers.close());
    return servers;
  };
  const servers = open(configs);
  return { servers, lines, next: (all) => open(all, servers) };
}

export async function runTool(servers: ToolServers, name: string, input: Record<string, unknown> = {}, options = call) {
  const offered = await servers.offered(undefined, never);
  const tool = offered.find((one) => one.name === name);
  if (tool === undefined) throw new Error(`there is no tool ${name}`);
  return tool.server.call(name, input, options);
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
