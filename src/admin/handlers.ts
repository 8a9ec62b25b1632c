import type { BackendConfig, Config } from '../config/config.ts';
import { type Deletions, findPackage } from '../config/deletions.ts';
import { impliedValues } from '../config/written-values.ts';
import { GatewayError } from '../gateway-error.ts';
import type { Exchange } from '../http/exchange.ts';
import { decodeName, replyJson } from '../http/reply-json.ts';
import type { Caller } from '../types/caller.ts';

/** What a process knows of its own configuration. */
export interface AdminState {
  /** What is in force. */
  readonly config: Config;
  /** What the files say, with what was deleted. */
  readonly written: Config;
  readonly deletions: Deletions;
  readonly lastReload: { readonly ok: boolean; readonly at: string; readonly problems: readonly string[] };
}

export interface AdminPorts {
  readonly state: () => AdminState;
  /** In all processes that serve; resolves when it holds in every one. */
  readonly reload: () => Promise<AdminState['lastReload']>;
  /** The same; false: there is no such package. */
  readonly deletePackage: (name: string, by: string) => Promise<boolean>;
  /** How many machines serve with this configuration, as far as it is known. */
  readonly replicas: () => number;
}

export interface AdminHandlers {
  config(exchange: Exchange): void;
  connectors(exchange: Exchange): void;
  reload(exchange: Exchange): Promise<void>;
  deletePackage(exchange: Exchange, caller: Caller, rest: string): Promise<void>;
}

/** What the admin routes do. Each needs the role `admin`, which the route table says. */
export function createAdminHandlers(ports: AdminPorts): AdminHandlers {
  return {
    config: (exchange) => replyJson(exchange, 200, configBody(ports.state().config)),
    connectors: (exchange) => replyJson(exchange, 200, connectorsBody(ports.state())),
    reload: async (exchange) => {
      const state = await ports.reload();
      replyJson(exchange, state.ok ? 200 : 422, { last_reload: state });
    },
    deletePackage: async (exchange, caller, rest) => {
      const name = decodeName(rest);
      await deletePackage(name, caller, ports);
      exchange.reply(204, [['x-request-id', exchange.id]], '');
    },
  };
}

async function deletePackage(name: string, caller: Caller, ports: AdminPorts): Promise<void> {
  const unknown = new GatewayError('unknown_checkpoint', `there is no model package "${name.slice(0, 200)}"`);
  // A folder is one machine's own: the others would go on serving what is deleted here.
  if (ports.replicas() > 1 && findPackage(ports.state().config, name) !== undefined) {
    const message = `${ports.replicas()} replicas serve this and share no storage: take "${name}" out of its file and roll out`;
    throw new GatewayError('conflict', message);
  }
  if (!(await ports.deletePackage(name, caller.name))) throw unknown;
}

/** Every setting with its source: `file:line:column`, a flag, a variable or `default`. */
function configBody({ settings, backends, providers }: Config): object {
  const describe = (config: BackendConfig) => ({
    name: config.name,
    type: config.type,
    settings: [...(config.written ?? []), ...impliedValues(config)],
  });
  return {
    settings: settings.effective,
    backends: [...backends.values()].map(describe),
    providers: [...providers.values()].map(describe),
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
    deleted: [...deletions.models],
  };
}
