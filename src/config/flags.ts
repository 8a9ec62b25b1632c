import type { ApproachCatalogue } from './approach-catalogue.ts';
import type { SandboxTrial } from './code-sandbox.ts';

/** The flags of the command line, as typed. */
export interface Flags {
  readonly host?: string | undefined;
  readonly port?: string | undefined;
  readonly configDir?: string | undefined;
  readonly connectors?: string | undefined;
  readonly baseUrl?: string | undefined;
  readonly defaultBackend?: string | undefined;
  readonly forceContextWindow?: string | undefined;
  readonly logLevel?: string | undefined;
  readonly workers?: string | undefined;
}

/** The environment's variables by name, such as `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What goes into loading the configuration; nothing else is looked at but the files. */
export interface LoadOptions {
  readonly flags: Flags;
  readonly env: Environment;
  /** What relative paths of flags and variables start from. */
  readonly cwd: string;
  /** Checks the names and parameters of approaches; left out: they are taken as they are. */
  readonly approaches?: ApproachCatalogue | undefined;
  /** Where state goes that nobody said a place for, absolute; left out: nowhere. */
  readonly stateFolder?: string | undefined;
  /** Tries the sandbox that code is to run in; left out: it is taken as it is. */
  readonly sandbox?: SandboxTrial | undefined;
}
