import { existsSync } from 'node:fs';
import type { Config } from './config/config.ts';
import { type Deletions, findPackage, noDeletions, remainingDeletions, withoutDeleted } from './config/deletions.ts';
import { fingerprint } from './config/fingerprint.ts';
import type { LoadedConfig } from './config/load.ts';
import { formatProblem } from './config/problem.ts';
import type { Runtime } from './runtime.ts';
import type { Storage } from './storage/storage.ts';
import type { Log } from './telemetry/log.ts';

/** How the last reload went. */
export interface ReloadState {
  readonly ok: boolean;
  /** ISO 8601. */
  readonly at: string;
  /** As `check` prints them; warnings too. */
  readonly problems: readonly string[];
}

export interface ReloaderPorts {
  /** Reads and checks all files anew. */
  readonly load: () => Promise<LoadedConfig>;
  /** Builds what is to follow the runtime in force. */
  readonly create: (config: Config, previous: Runtime | undefined) => Runtime;
  readonly log: Log;
  readonly storage: Storage | undefined;
}

/** Holds the configuration in force, and exchanges it in one assignment for a good new one. */
export class Reloader {
  readonly #ports: ReloaderPorts;
  /** As the files say. */
  #config: Config;
  #deletions: Deletions;
  #hadFolder: boolean;
  #runtime: Runtime;
  #state: ReloadState;
  #running: Promise<ReloadState> | undefined;
  #waiting: Promise<ReloadState> | undefined;

  constructor(config: Config, ports: ReloaderPorts) {
    this.#ports = ports;
    this.#config = config;
    this.#hadFolder = existsSync(config.settings.configDir);
    const deleted = { ...noDeletions, models: new Set(ports.storage?.deletedPackages()) };
    this.#deletions = remainingDeletions(config, deleted);
    this.#runtime = ports.create(withoutDeleted(config, this.#deletions), undefined);
    this.#state = { ok: true, at: new Date().toISOString(), problems: [] };
  }

  get runtime(): Runtime {
    return this.#runtime;
  }

  get state(): ReloadState {
    return this.#state;
  }

  get deletions(): Deletions {
    return this.#deletions;
  }

  /** As the files say, with what was deleted. */
  get written(): Config {
    return this.#config;
  }

  /** How many connectors there are by status. */
  connectorCounts(): Record<'active' | 'pending' | 'deleted', number> {
    const current = [...this.#runtime.config.connectors.values()];
    const active = current.filter((connector) => connector.heldBy === undefined).length;
    const deleted = this.#config.connectors.size - current.length;
    return { active, pending: current.length - active, deleted };
  }

  /** Reads the files anew. What is wrong changes nothing. Requests that come while one runs share the one after it. */
  reload(why: string): Promise<ReloadState> {
    if (this.#running === undefined) {
      this.#running = this.#reload(why).finally(() => {
        this.#running = undefined;
      });
      return this.#running;
    }
    this.#waiting ??= this.#running.then(() => {
      this.#waiting = undefined;
      return this.reload(why);
    });
    return this.#waiting;
  }

  /**
   * Takes a package away, in one step with whatever waited for its name.
   * @returns whether there was such a package
   */
  deletePackage(name: string, by: string): boolean {
    const found = findPackage(this.#runtime.config, name);
    this.#ports.log.info({ package: name.slice(0, 256), by, found: found?.name ?? null }, 'delete of a model package');
    if (found === undefined) return false;
    if (found.kind === 'connector') {
      this.#deletions = { ...this.#deletions, connectors: new Set([...this.#deletions.connectors, found.name]) };
    } else {
      this.#rememberModel(found.name, by);
    }
    this.#exchange();
    return true;
  }

  #rememberModel(name: string, by: string): void {
    const { log, storage } = this.#ports;
    if (storage === undefined) {
      log.warn({ package: name }, 'this is back after a restart: its file names it, and no storage is configured');
    } else {
      storage.addDeletedPackage(name, by);
    }
    this.#deletions = { ...this.#deletions, models: new Set([...this.#deletions.models, name]) };
  }

  async #reload(why: string): Promise<ReloadState> {
    const { log, storage } = this.#ports;
    const { problems, config: loaded } = await this.#ports.load();
    const gone = loaded === undefined ? [] : this.#whatIsGone(loaded);
    const lines = [...problems.map(formatProblem), ...gone];
    const config = gone.length > 0 ? undefined : loaded;
    this.#state = { ok: config !== undefined, at: new Date().toISOString(), problems: lines };
    if (config === undefined) {
      log.error({ why, problems: lines }, 'the new configuration is wrong; the old one stays in force');
      return this.#state;
    }
    const changes = describeChanges(this.#config, config);
    this.#config = config;
    this.#deletions = remainingDeletions(config, this.#deletions);
    storage?.keepDeletedPackages([...this.#deletions.models]);
    this.#exchange();
    log.info({ why, ...changes, problems: lines }, 'reloaded');
    return this.#state;
  }

  /** What was there and is not any more. That is taken for an accident: emptying it says the same on purpose. */
  #whatIsGone(loaded: Config): string[] {
    const { configDir, connectorsFile } = this.#config.settings;
    const gone: string[] = [];
    if (this.#hadFolder && !existsSync(configDir)) gone.push(`${configDir}: the folder is gone; put it back`);
    else if (connectorsFile !== undefined && loaded.settings.connectorsFile === undefined) {
      gone.push(`${connectorsFile}: the file is gone; put it back, or empty it to remove all connectors`);
    }
    this.#hadFolder ||= existsSync(configDir);
    return gone;
  }

  #exchange(): void {
    const previous = this.#runtime;
    this.#runtime = this.#ports.create(withoutDeleted(this.#config, this.#deletions), previous);
    previous.retire().catch((error: unknown) => this.#ports.log.error({ error: String(error) }, 'closing failed'));
  }
}

/** What was added, changed and removed, by name. */
function describeChanges(before: Config, after: Config) {
  return {
    backends: difference(before.backends, after.backends),
    providers: difference(before.providers, after.providers),
    connectors: difference(before.connectors, after.connectors),
  };
}

function difference(before: ReadonlyMap<string, object>, after: ReadonlyMap<string, object>) {
  const added = [...after.keys()].filter((name) => !before.has(name));
  const removed = [...before.keys()].filter((name) => !after.has(name));
  const changed = [...after].filter(([name, value]) => before.has(name) && !isEqual(before.get(name), value));
  return { added, changed: changed.map(([name]) => name), removed };
}

/** Whether two parts of a configuration are equal; new keys alone are a difference. */
function isEqual(one: unknown, other: unknown): boolean {
  const content = (value: unknown) => fingerprint({ ...(value as object), written: undefined }); // a place is no content
  return content(one) === content(other);
}
