/** A tool as its server describes it. */
export interface ServerTool {
  readonly name: string;
  readonly description: string | undefined;
  /** A JSON schema of its arguments. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** What a tool gave, as text for a model. */
export interface ToolResult {
  readonly text: string;
  readonly failed: boolean;
}

export interface ToolCallOptions {
  readonly timeoutMs: number;
  /** Aborted when nobody waits for it any more; the server is told so. */
  readonly signal: AbortSignal;
}

/** An open connection to one server of tools, over which any number of calls run at once. */
export interface ToolConnection {
  /** It is of no use any more: its program has ended, or its server does not answer. */
  readonly isOver: boolean;
  /** @throws ServerFault */
  tools(): Promise<readonly ServerTool[]>;
  /** @throws ServerFault; `isUnseen` where the server has surely not begun with it */
  call(name: string, input: Readonly<Record<string, unknown>>, options: ToolCallOptions): Promise<ToolResult>;
  /** Ends it, with its program and all that this has started. */
  close(): Promise<void>;
}
