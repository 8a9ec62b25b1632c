import type { Secret } from '../secret.ts';

/** What holds for the approaches of the whole gateway. */
export interface ApproachesConfig {
  /** Which approaches a request may choose by itself: all, none, or those named here. Routes may have any. */
  readonly fromRequest: boolean | ReadonlySet<string>;
  /** The most upstream calls of one request, whatever its route says. */
  readonly maxCalls: number;
  /** After how much silence, at first and then again, a waiting stream gets a sign of life. */
  readonly keepAliveMs: number;
  readonly codeExecution: CodeExecutionConfig;
  /** By name. */
  readonly mcpServers: ReadonlyMap<string, McpServerConfig>;
  /** Undefined: there is no search. */
  readonly webSearch: WebSearchConfig | undefined;
  /** Undefined: personal data is found by patterns alone. */
  readonly analyzer: AnalyzerConfig | undefined;
  /** `host` or `host:port`: what may be fetched although its addresses are not public. */
  readonly readUrlsAllowHosts: readonly string[];
}

/** How code that a model wrote is run. */
export interface CodeExecutionConfig {
  readonly enabled: boolean;
  /** The sandbox: a program and its arguments; empty only where nothing is run. */
  readonly command: readonly string[];
  readonly timeoutMs: number;
  readonly memoryBytes: number;
  /** Of what the code prints. */
  readonly outputBytes: number;
}

/** A server of tools: a program of this machine that is spoken to by its standard streams, or one behind a URL. */
export type McpServerConfig =
  | {
      readonly kind: 'command';
      readonly name: string;
      readonly command: string;
      readonly args: readonly string[];
      readonly env: ReadonlyMap<string, Secret>;
    }
  | {
      readonly kind: 'url';
      readonly name: string;
      /** Its query may hold a key: not for messages. */
      readonly url: string;
      /** By their names in lower case. */
      readonly headers: ReadonlyMap<string, Secret>;
    };

/** A service that finds personal data in texts, asked as Presidio's analyzer is. */
export interface AnalyzerConfig {
  /** Without its path `/analyze`. */
  readonly url: string;
  /** Of the texts, such as `en`. */
  readonly language: string;
  /** For all texts of a request. */
  readonly timeoutMs: number;
  /** From 0 to 1; what it is less sure of is passed over. */
  readonly minimumScore: number;
}

export const searchProviders = ['brave', 'tavily', 'searxng'] as const;
export type SearchProvider = (typeof searchProviders)[number];

export interface WebSearchConfig {
  readonly provider: SearchProvider;
  /** Undefined: the provider's own address. */
  readonly baseUrl: string | undefined;
  /** Undefined: the variable is not named, or not set. */
  readonly apiKey: Secret | undefined;
  /** The environment variable of the key, for messages. */
  readonly keyVariable: string | undefined;
  readonly maxResults: number;
}

/** What one request to a route with an approach may take; undefined: no limit of the route's own. */
export interface RouteBudget {
  readonly maxCalls: number | undefined;
  readonly deadlineMs: number | undefined;
  /** Nano-dollars. */
  readonly maxCost: number | undefined;
  /** What is answered when it is spent: the best there is so far, or an error. */
  readonly whenSpent: 'best' | 'error';
}

/** How a route answers. */
export interface RouteApproach {
  /** `none`, or the name or the pipeline as it is written. */
  readonly approach: string;
  /** Plain data; of a pipeline by the names of its stages. */
  readonly approachParameters: Readonly<Record<string, unknown>>;
  readonly budget: RouteBudget;
  /** What a request with tools gets: a plain call, or an error. */
  readonly withTools: 'skip' | 'error';
}

/** A route that just passes calls on. */
export const noApproach: RouteApproach = {
  approach: 'none',
  approachParameters: {},
  budget: { maxCalls: undefined, deadlineMs: undefined, maxCost: undefined, whenSpent: 'best' },
  withTools: 'skip',
};
