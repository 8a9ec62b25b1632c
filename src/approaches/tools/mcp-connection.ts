import type { Client, Transport } from '@modelcontextprotocol/client';
import type { McpServerConfig } from '../../config/approaches-config.ts';
import { version } from '../../version.ts';
import { boundedFetch } from './bounded-fetch.ts';
import { ProcessTransport } from './process-transport.ts';
import { bounded, resultText } from './result-text.ts';
import { ServerFault } from './server-fault.ts';
import type { ServerTool, ToolCallOptions, ToolConnection, ToolResult } from './tool-connection.ts';

type Sdk = typeof import('@modelcontextprotocol/client');

export interface ConnectionOptions {
  /** The gateway's own environment, of which a program sees PATH and HOME. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** How long opening, and each reading of the list of tools, may take. */
  readonly timeoutMs: number;
  /** What a program says on standard error, a line each. */
  readonly complained: (line: string) => void;
  /** Its tools are others now. */
  readonly changed: () => void;
  /** Aborted when it is not wanted any more while it is being opened. */
  readonly signal: AbortSignal;
}

/**
 * Opens a server of tools by the Model Context Protocol: starts its program, or begins a session at its URL.
 * @throws ServerFault
 */
export async function openMcpConnection(config: McpServerConfig, options: ConnectionOptions): Promise<ToolConnection> {
  const sdk = await import('@modelcontextprotocol/client'); // large, and of no use without servers
  const transport = createTransport(config, options, sdk);
  const client = new sdk.Client(
    { name: 'headrace', version },
    // Schemas of servers are never compiled: what a tool gives is read by a model.
    {
      jsonSchemaValidator: {
        getValidator: () => (input) => ({ valid: true, data: input as never, errorMessage: undefined }),
      },
    },
  );
  client.setNotificationHandler('notifications/tools/list_changed', options.changed);
  const connection = new McpConnection(client, transport, options.timeoutMs, sdk);
  try {
    await client.connect(transport, { timeout: options.timeoutMs, signal: options.signal });
  } catch (error) {
    await connection.close();
    throw connection.faultOf(error);
  }
  return connection;
}

function createTransport(config: McpServerConfig, { env, complained }: ConnectionOptions, sdk: Sdk) {
  if (config.kind === 'command') {
    const { PATH, HOME } = env;
    const known = { ...(PATH !== undefined && { PATH }), ...(HOME !== undefined && { HOME }) };
    const own = Object.fromEntries([...config.env].map(([name, value]) => [name, value.reveal()]));
    return new ProcessTransport({ command: config.command, args: config.args, env: { ...known, ...own }, complained });
  }
  const headers = Object.fromEntries([...config.headers].map(([name, value]) => [name, value.reveal()]));
  return new sdk.StreamableHTTPClientTransport(new URL(config.url), {
    requestInit: { headers },
    fetch: boundedFetch,
    redirectPolicy: 'same-origin',
    onInsufficientScope: 'throw',
  });
}

class McpConnection implements ToolConnection {
  readonly #client: Client;
  readonly #transport: Transport;
  readonly #timeoutMs: number;
  readonly #sdk: Sdk;
  #isOver = false;

  constructor(client: Client, transport: Transport, timeoutMs: number, sdk: Sdk) {
    this.#client = client;
    this.#transport = transport;
    this.#timeoutMs = timeoutMs;
    this.#sdk = sdk;
    client.onclose = () => {
      this.#isOver = true;
    };
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  async tools(): Promise<readonly ServerTool[]> {
    try {
      const { tools } = await this.#client.listTools({}, { timeout: this.#timeoutMs, cacheMode: 'bypass' });
      return tools.map(({ name, description, inputSchema }) => ({ name, description, parameters: inputSchema }));
    } catch (error) {
      throw this.faultOf(error);
    }
  }

  async call(name: string, input: Readonly<Record<string, unknown>>, options: ToolCallOptions): Promise<ToolResult> {
    const { timeoutMs: timeout, signal } = options;
    try {
      const { content, structuredContent, isError } = await this.#client.callTool(
        { name, arguments: { ...input } },
        { timeout, signal },
      );
      return { text: resultText(content, structuredContent), failed: isError === true };
    } catch (error) {
      if (signal.aborted) throw new ServerFault('nobody waits for it any more');
      // The server's own word on a call, such as an unknown name, is for the model as any other result.
      if (error instanceof this.#sdk.ProtocolError) return { text: bounded(error.message), failed: true };
      throw this.faultOf(error);
    }
  }

  async close(): Promise<void> {
    this.#isOver = true;
    const transport = this.#transport;
    if ('terminateSession' in transport)
      await this.#endSession(transport as InstanceType<Sdk['StreamableHTTPClientTransport']>);
    await transport.close();
  }

  /** A server that does not answer forgets the session by itself some day. */
  async #endSession(transport: InstanceType<Sdk['StreamableHTTPClientTransport']>): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, farewellMs);
    });
    await Promise.race([transport.terminateSession().catch(() => undefined), late]);
    clearTimeout(timer);
  }

  /** What went wrong; after most of it the connection is of no more use. */
  faultOf(error: unknown): ServerFault {
    const { SdkError, SdkErrorCode, SdkHttpError, ProtocolError } = this.#sdk;
    if (error instanceof ProtocolError) return new ServerFault(`it refused with the error ${error.code}`);
    if (error instanceof SdkError && error.code === SdkErrorCode.RequestTimeout) {
      return new ServerFault('it did not answer in time');
    }
    if (error instanceof SdkError && error.code === SdkErrorCode.InvalidResult) {
      return new ServerFault('its answer is not as the protocol has it');
    }
    this.#isOver = true;
    if (error instanceof ServerFault) return error;
    if (error instanceof SdkHttpError) {
      // 404 says that the session is not known any more.
      if (error.status >= 300 && error.status < 400)
        return new ServerFault('it redirects elsewhere, which is not followed');
      return new ServerFault(`it answered with status ${error.status}`, error.status === 404);
    }
    if (this.#transport instanceof ProcessTransport) return programFault(this.#transport, error);
    return new ServerFault(connectionText(error));
  }
}

/** How long the end of a session may take. */
const farewellMs = 1000;

function programFault({ ending }: ProcessTransport, error: unknown): ServerFault {
  if (ending !== undefined) return new ServerFault(`its program ended with ${ending}`);
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (syscall?.startsWith('spawn') === true) {
    const what =
      code === 'ENOENT' ? 'was not found' : code === 'EACCES' ? 'may not be run' : `failed to start (${code})`;
    return new ServerFault(`its program ${what}`);
  }
  return new ServerFault('its program does not answer');
}

/** Without the URL, which may hold a key. */
function connectionText(error: unknown): string {
  const { cause, name } = error as Error;
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  if (code !== undefined) return `it cannot be reached (${code})`;
  return name === 'SdkError' ? 'its answer is not as the protocol has it' : 'it cannot be reached';
}
