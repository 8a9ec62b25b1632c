/** Gives all addresses of a host name, as text without brackets; throws where there are none. */
export type Resolve = (hostname: string) => Promise<readonly string[]>;

/** What may be fetched, and how much of it. */
export interface PagePolicy {
  /** Milliseconds for the whole fetch: look-up, redirects and body. */
  readonly timeoutMs: number;
  /** Bytes of the body, after decompression; reading stops there and what was read is the page. */
  readonly maximumBytes: number;
  /** Redirects that are followed. */
  readonly maximumRedirects: number;
  /**
   * Hosts that may be fetched although their addresses are not public: `host` (all its ports) or `host:port`; an
   * IPv6 address stands in brackets. What {@link readAllowedHost} can't read is an error of the caller.
   */
  readonly allowHosts: readonly string[];
  /** Default: the system's resolver. */
  readonly resolve?: Resolve;
}

export const defaultPagePolicy: PagePolicy = {
  timeoutMs: 10_000,
  maximumBytes: 2_000_000,
  maximumRedirects: 3,
  allowHosts: [],
};

/** One exception of `allowHosts`; without a port it holds for all of them. */
export interface AllowedHost {
  /** As `URL.hostname` writes it. */
  readonly hostname: string;
  readonly port: number | undefined;
}

/** Reads `host`, `host:port`, `[::1]` or `[::1]:port`; undefined where the entry is none of them. */
export function readAllowedHost(entry: string): AllowedHost | undefined {
  const parts = /^(\[[0-9A-Fa-f:.]+\]|[^\s:/?#@\\[\]]+)(?::(\d{1,5}))?$/.exec(entry);
  if (!parts?.[1] || !URL.canParse(`http://${parts[1]}/`)) return undefined;
  const port = parts[2] === undefined ? undefined : Number(parts[2]);
  if (port !== undefined && (port < 1 || port > 65535)) return undefined;
  return { hostname: new URL(`http://${parts[1]}/`).hostname, port };
}

/** Ports of services that a request of HTTP could harm, after the list of the Fetch standard. */
const refusedPorts: ReadonlySet<number> = new Set(
  (
    '1 7 9 11 13 15 17 19 20 21 22 23 25 37 42 43 53 69 77 79 87 95 101 102 103 104 109 110 111 113 115 117 119 123 ' +
    '135 137 139 143 161 179 389 427 465 512 513 514 515 526 530 531 532 540 548 554 556 563 587 601 636 989 990 993 ' +
    '995 1719 1720 1723 2049 3659 4045 4190 5060 5061 6000 6566 6665 6666 6667 6668 6669 6679 6697 10080'
  )
    .split(' ')
    .map(Number),
);

/** What `allowHosts` says about one URL. */
export interface HostVerdict {
  /** Its addresses need not be public. */
  readonly excepted: boolean;
  /** Nothing is fetched from this port, unless the exception names it. */
  readonly portRefused: boolean;
}

export function judgeHost(url: URL, allowHosts: readonly string[]): HostVerdict {
  const port = portOf(url);
  const exceptions = allowHosts.map(readExisting).filter((allowed) => allowed.hostname === url.hostname);
  const exact = exceptions.some((allowed) => allowed.port === port);
  const excepted = exact || exceptions.some((allowed) => allowed.port === undefined);
  return { excepted, portRefused: !exact && refusedPorts.has(port) };
}

/** The port that a connection for this URL goes to. */
export function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port);
  return url.protocol === 'https:' ? 443 : 80;
}

function readExisting(entry: string): AllowedHost {
  const allowed = readAllowedHost(entry);
  if (!allowed) throw new TypeError(`allowHosts: ${JSON.stringify(entry)} is neither "host" nor "host:port"`);
  return allowed;
}
