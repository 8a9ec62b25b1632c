import type { McpServerConfig } from '../../config/approaches-config.ts';
import { GatewayError } from '../../gateway-error.ts';
import type { Log } from '../../telemetry/log.ts';
import { openMcpConnection } from './mcp-connection.ts';
import { ServerFault } from './server-fault.ts';
import type { ServerTool, ToolCallOptions, ToolConnection, ToolResult } from './tool-connection.ts';

export interface ToolServerPorts {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
  /** How long opening, and each reading of the list of tools, may take. */
  readonly openTimeoutMs?: number;
}

/** Programs that are fetched before they start take long. */
const openLimitMs = 30_000;
/** A list of tools is read again after so long. */
const listAgeMs = 60_000;
/** After a server could not be opened, nobody tries again for so long. */
const restMs = 1000;
/** More lines of what a program says while it starts are left out. */
const mostComplaints = 100;
const shownOfLine = 1000;

/** One server of tools, opened when it is first needed, and again when it has died. All requests share it. */
export class ToolServer {
  readonly config: McpServerConfig;
  readonly #ports: ToolServerPorts;
  readonly #closing = new AbortController();
  #users = 1;
  #connection: Promise<ToolConnection> | undefined;
  #list: { readonly tools: Promise<readonly ServerTool[]>; readonly readAt: number } | undefined;
  #failure: { readonly error: ServerFault; readonly at: number } | undefined;

  constructor(config: McpServerConfig, ports: ToolServerPorts) {
    this.config = config;
    this.#ports = ports;
  }

  /** One more configuration has it; each gives it back by `release`. */
  share(): this {
    this.#users++;
    return this;
  }

  /** The last one closes it. */
  async release(): Promise<void> {
    this.#users--;
    if (this.#users > 0) return;
    this.#closing.abort();
    const connection = await this.#connection?.catch(() => undefined); // one that could not be opened has closed itself
    await connection?.close();
  }

  /** @throws GatewayError `upstream_unreachable` */
  async tools(): Promise<readonly ServerTool[]> {
    try {
      const connection = await this.#open();
      try {
        return await this.#listed(connection);
      } catch (error) {
        // A session that the server has forgotten is seen here first.
        if (!connection.isOver) throw error;
        return await this.#listed(await this.#open());
      }
    } catch (error) {
      if (!(error instanceof ServerFault)) throw error;
      const message = `the tool server "${this.config.name}" cannot be used: ${error.message}`;
      throw new GatewayError('upstream_unreachable', message);
    }
  }

  /** @throws ServerFault */
  async call(tool: string, input: Readonly<Record<string, unknown>>, options: ToolCallOptions): Promise<ToolResult> {
    const connection = await this.#open();
    try {
      return await connection.call(tool, input, options);
    } catch (error) {
      if (!(error instanceof ServerFault && error.isUnseen)) throw error;
      return (await this.#open()).call(tool, input, options);
    }
  }

  #listed(connection: ToolConnection): Promise<readonly ServerTool[]> {
    if (this.#list === undefined || performance.now() - this.#list.readAt > listAgeMs) {
      const list = { tools: connection.tools(), readAt: performance.now() };
      this.#list = list;
      list.tools.catch(() => {
        if (this.#list === list) this.#list = undefined;
      });
    }
    return this.#list.tools;
  }

  /** The connection there is, or a new one in place of one that is over. */
  async #open(): Promise<ToolConnection> {
    const known = this.#connection;
    if (known !== undefined) {
      const connection = await known;
      if (!connection.isOver) return connection;
      if (this.#connection === known) this.#connection = undefined;
      return this.#open();
    }
    if (this.#closing.signal.aborted) throw new ServerFault('it has been closed');
    const { error, at } = this.#failure ?? { error: undefined, at: 0 };
    if (error !== undefined && performance.now() - at < restMs) throw error;
    this.#list = undefined;
    const opening = this.#connect();
    this.#connection = opening;
    opening.catch((thrown: unknown) => {
      this.#connection = undefined;
      if (thrown instanceof ServerFault) this.#failure = { error: thrown, at: performance.now() };
    });
    return opening;
  }

  async #connect(): Promise<ToolConnection> {
    const { env, log, openTimeoutMs = openLimitMs } = this.#ports;
    const { name } = this.config;
    let complaints = 0;
    const started = performance.now();
    // Nothing of a request has reached it while it starts; what it says later may quote prompts.
    const complained = (line: string) => {
      if (complaints < mostComplaints) log.debug({ server: name, line: this.#masked(line) }, 'a tool server says');
      complaints++;
    };
    try {
      const changed = () => {
        this.#list = undefined;
      };
      const options = { env, timeoutMs: openTimeoutMs, complained, changed, signal: this.#closing.signal };
      const connection = await openMcpConnection(this.config, options);
      log.debug({ server: name, ms: Math.round(performance.now() - started) }, 'a tool server is open');
      return connection;
    } catch (error) {
      log.warn({ server: name, error: (error as Error).message }, 'a tool server could not be opened');
      throw error;
    } finally {
      complaints = mostComplaints;
    }
  }

  #masked(line: string): string {
    const secrets = this.config.kind === 'command' ? [...this.config.env.values()] : [];
    return secrets.reduce((text, secret) => secret.mask(text), line).slice(0, shownOfLine);
  }
}

/** Whether both are spoken to in the same way, so that one connection serves both. */
export function isSameServer(one: McpServerConfig, other: McpServerConfig): boolean {
  return fingerprint(one) === fingerprint(other);
}

function fingerprint(config: McpServerConfig): string {
  const secrets = config.kind === 'command' ? config.env : config.headers;
  const digests = [...secrets].map(([name, value]) => [name, value.digest().toString('hex')]);
  const { kind, name } = config;
  const place = config.kind === 'command' ? [config.command, ...config.args] : [config.url];
  return JSON.stringify([kind, name, place, digests]);
}
