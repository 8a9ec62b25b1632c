import type { McpServerConfig } from '../../config/approaches-config.ts';
import { GatewayError } from '../../gateway-error.ts';
import type { ServerTool } from './tool-connection.ts';
import { isSameServer, ToolServer, type ToolServerPorts } from './tool-server.ts';

/** A tool, and who runs it. */
export interface OfferedTool extends ServerTool {
  readonly server: ToolServer;
}

/** The servers of tools of one configuration. */
export class ToolServers {
  readonly #servers: ReadonlyMap<string, ToolServer>;
  #closed: Promise<unknown> | undefined;

  /**
   * Nothing is opened before it is needed.
   * @param previous of the configuration before, whose servers are kept where nothing changed for them
   */
  constructor(configs: ReadonlyMap<string, McpServerConfig>, ports: ToolServerPorts, previous?: ToolServers) {
    const earlier = previous === undefined ? undefined : previous.#servers;
    const servers = [...configs].map(([name, config]): [string, ToolServer] => {
      const known = earlier?.get(name);
      return [
        name,
        known !== undefined && isSameServer(known.config, config) ? known.share() : new ToolServer(config, ports),
      ];
    });
    this.#servers = new Map(servers);
  }

  /**
   * What they offer, in the order of the servers; those that are not open are opened, at once.
   * @param names of servers; undefined: all
   * @throws GatewayError `upstream_unreachable` where one of them cannot be used
   */
  async offered(names: readonly string[] | undefined, signal: AbortSignal): Promise<readonly OfferedTool[]> {
    const chosen = [...this.#servers].filter(([name]) => names === undefined || names.includes(name));
    const lists = chosen.map(async ([, server]) => (await server.tools()).map((tool) => ({ ...tool, server })));
    return (await untilAborted(Promise.all(lists), signal)).flat();
  }

  /** Gives them back; those that no other configuration has end, with all that they started. */
  async close(): Promise<void> {
    this.#closed ??= Promise.all([...this.#servers.values()].map((server) => server.release()));
    await this.#closed;
  }
}

/** A server that is being opened goes on for others when one stops waiting for it. */
function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const gone = () => reject(new GatewayError('client_closed_request', 'the client closed the connection'));
    if (signal.aborted) gone();
    signal.addEventListener('abort', gone, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', gone));
  });
}
