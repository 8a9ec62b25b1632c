import type { BackendConfig } from '../config/backend-config.ts';
import type { Config } from '../config/config.ts';
import { type Deletions, findPackage, type Package, publicName } from '../config/deletions.ts';
import { Pace } from '../config/pace.ts';
import { backendValues } from '../config/written-values.ts';
import { GatewayError } from '../gateway-error.ts';
import type { Exchange } from '../http/exchange.ts';
import { decodeName, replyJson } from '../http/reply-json.ts';
import type { RouteHandlers } from '../http/routes.ts';
import type { GroupManager } from '../keys/group-manager.ts';
import type { KeyBook } from '../keys/key-book.ts';
import type { KeyManager } from '../keys/key-manager.ts';
import type { Governor } from '../limits/governor.ts';
import type { UsageRecords } from '../storage/usage-records.ts';
import type { Log } from '../telemetry/log.ts';
import type { Caller } from '../types/caller.ts';
import { createGroupHandlers } from './group-handlers.ts';
import { createKeyHandlers } from './key-handlers.ts';
import { createUsageHandlers } from './usage-handlers.ts';

/** What a process knows of its own configuration. */
export interface AdminState {
  /** What is in force. */
  readonly config: Config;
  /** What the files say, with what was deleted. */
  readonly written: Config;
  readonly deletions: Deletions;
  readonly lastReload: { readonly ok: boolean; readonly at: string; readonly problems: readonly string[] };
  /** Names of settings whose values are not in force before a restart. */
  readonly restartNeeded: readonly string[];
}

export interface AdminPorts {
  readonly state: () => AdminState;
  /** In all processes that serve; resolves when it holds in every one. */
  readonly reload: () => Promise<AdminState['lastReload']>;
  /** The same. */
  readonly deletePackage: (found: Package, by: string) => Promise<void>;
  /** How many machines serve with this configuration, as far as it is known. */
  readonly replicas: () => number;
  /** Whether all of them keep what is deleted in one database. */
  readonly sharesStorage: boolean;
  readonly keys: {
    readonly book: KeyBook;
    /** Undefined: there is no storage. */
    readonly managers: { readonly keys: KeyManager; readonly groups: GroupManager } | undefined;
  };
  /** Undefined: there is no storage. */
  readonly usage: UsageRecords | undefined;
  readonly governor: Governor;
  readonly log: Log;
}

export interface AdminHandlers {
  config(exchange: Exchange): Promise<void>;
  connectors(exchange: Exchange): void;
  reload(exchange: Exchange): Promise<void>;
  deletePackage(exchange: Exchange, caller: Caller, rest: string): Promise<void>;
  readonly operations: RouteHandlers['admin'];
}

/** What the admin routes do. Each needs the role `admin`, which the route table says. */
export function createAdminHandlers(ports: AdminPorts): AdminHandlers {
  return {
    config: async (exchange) => replyJson(exchange, 200, await configBody(ports.state())),
    connectors: (exchange) => replyJson(exchange, 200, connectorsBody(ports.state())),
    reload: async (exchange) => {
      const state = await ports.reload();
      replyJson(exchange, state.ok ? 200 : 422, { last_reload: state });
    },
    deletePackage: async (exchange, caller, rest) => {
      await deletePackage(decodeName(rest), caller.name, ports);
      exchange.reply(204, [['x-request-id', exchange.id]], '');
    },
    operations: createOperations(ports),
  };
}

function createOperations({ keys: { book, managers }, usage, governor }: AdminPorts): RouteHandlers['admin'] {
  const directory = () => book.directory;
  const stored = () => {
    if (managers !== undefined) return managers;
    const message =
      'there is no storage, so keys, teams and tags can stand in headrace.yaml only; set storage.folder or storage.url there, and restart';
    throw new GatewayError('conflict', message);
  };
  const recorded = () => {
    if (usage !== undefined) return usage;
    const message =
      'there is no storage, so no usage is kept; set storage.folder or storage.url in headrace.yaml, and restart';
    throw new GatewayError('conflict', message);
  };
  return {
    getOpenApi: async (exchange) => replyJson(exchange, 200, (await import('./openapi.ts')).openApiDocument()),
    ...createKeyHandlers({ directory, manager: () => stored().keys }),
    ...createGroupHandlers({ directory, manager: () => stored().groups }),
    ...createUsageHandlers({ usage: recorded, governor, callers: () => book.callers }),
  };
}

async function deletePackage(name: string, by: string, ports: AdminPorts): Promise<void> {
  const { config, written } = ports.state();
  const found = findPackage(config, name);
  const log = (result: string) =>
    ports.log.info({ package: name.slice(0, 256), by, result }, 'delete of a model package');
  if (found === undefined) {
    log('unknown_checkpoint');
    throw new GatewayError('unknown_checkpoint', `there is no model package "${name.slice(0, 200)}"`);
  }
  // A folder is one machine's own, and connectors are never stored: the others would go on serving what is deleted here.
  if (ports.replicas() > 1 && (!ports.sharesStorage || found.kind === 'connector')) {
    log('conflict');
    const why = ports.sharesStorage ? 'connectors are deleted in one of them only' : 'share no storage (storage.url)';
    const message = `${ports.replicas()} replicas serve this and ${why}: take "${name}" out of its file and roll out`;
    throw new GatewayError('conflict', message);
  }
  await ports.deletePackage(found, by);
  log('deleted');
  const { folder, url } = written.settings.storage;
  if (found.kind !== 'connector' && folder === undefined && url === undefined) {
    const fields = { package: publicName(found.name) };
    ports.log.warn(fields, 'this is back after a restart: its file names it, and no storage is configured');
  }
}

/** Every setting with its source: `file:line:column`, a flag, a variable or `default`. Leaves room for other work. */
async function configBody({ config, restartNeeded }: AdminState): Promise<object> {
  const { settings, backends, providers } = config;
  const pace = new Pace();
  const describe = async (backends: ReadonlyMap<string, BackendConfig>) => {
    const described: object[] = [];
    for (const backend of backends.values()) {
      await pace.turn();
      described.push({ name: backend.name, type: backend.type, settings: backendValues(backend) });
    }
    return described;
  };
  return {
    settings: settings.effective,
    restart_needed: restartNeeded,
    backends: await describe(backends),
    providers: await describe(providers),
  };
}

function connectorsBody(state: AdminState): object {
  const { config, written, deletions, lastReload } = state;
  const connectors = [...written.connectors.values()].map((connector) => {
    const { internal, provider, external } = connector;
    const current = config.connectors.get(internal);
    const status = current === undefined ? 'deleted' : current.heldBy === undefined ? 'active' : 'pending';
    const baseUrl = written.providers.get(provider)?.baseUrl ?? null;
    return { internal, provider, external, base_url: baseUrl, status, held_by: current?.heldBy ?? null };
  });
  return {
    file: written.settings.connectorsFile ?? null,
    last_reload: lastReload,
    connectors,
    deleted: [...deletions.models].map(publicName),
  };
}
