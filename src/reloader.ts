import { existsSync } from 'node:fs';
import { changedSettings, describeChanges, restartSettings } from './config/changes.ts';
import type { Config } from './config/config.ts';
import { type Deletions, type Package, remainingModels, withoutDeleted } from './config/deletions.ts';
import { isLoopback } from './config/listen-address.ts';
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
  /** What is deleted already, in the other processes that serve. */
  readonly deletions: Deletions;
}

/** Holds the configuration in force, and exchanges it in one assignment for a good new one. */
export class Reloader {
  readonly #ports: ReloaderPorts;
  /** What the process was started with. */
  readonly #first: Config;
  /** As the files say. */
  #config: Config;
  #deletions: Deletions;
  #hadFolder: boolean;
  #runtime: Runtime;
  #state: ReloadState;
  #running: Promise<ReloadState> | undefined;
  #waiting: Promise<ReloadState> | undefined;
  /** Names of settings that wait for a restart. */
  #restartNeeded: readonly string[] = [];
  #restartSaid = '[]';

  constructor(config: Config, ports: ReloaderPorts) {
    this.#ports = ports;
    this.#first = config;
    this.#config = config;
    this.#hadFolder = existsSync(config.settings.configDir);
    this.#deletions = ports.deletions;
    this.#forgetModels(new Set([...ports.deletions.models, ...(ports.storage?.deletedPackages() ?? [])]));
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

  /** Names of settings whose values in the files are others than those in force, until a restart. */
  get restartNeeded(): readonly string[] {
    return this.#restartNeeded;
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

  /**
   * Reads the files anew; never rejects. What is wrong changes nothing. Requests that come while one runs share the one
   * after it.
   */
  reload(why: string): Promise<ReloadState> {
    if (this.#running === undefined) {
      this.#running = this.#reload(why)
        .catch((error: unknown) => this.#refuse(why, [`the configuration could not be read: ${error}`]))
        .finally(() => {
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

  /** Takes a package away, in one step with whatever waited for its name. Once more changes nothing. */
  deletePackage({ kind, name }: Package, by: string): void {
    const { connectors, models } = this.#deletions;
    if ((kind === 'connector' ? connectors : models).has(name)) return;
    if (kind === 'connector') {
      this.#deletions = { connectors: new Set([...connectors, name]), models };
    } else {
      this.#ports.storage?.addDeletedPackage(name, by);
      this.#deletions = { connectors, models: new Set([...models, name]) };
    }
    this.#exchange();
  }

  async #reload(why: string): Promise<ReloadState> {
    const { log } = this.#ports;
    const old = this.#deletions.connectors;
    const { problems, config } = await this.#ports.load();
    const faults = config === undefined ? [] : [...this.#whatIsGone(config), ...this.#whatIsOpen(config)];
    const lines = [...problems.map(formatProblem), ...faults];
    if (config === undefined || faults.length > 0) return this.#refuse(why, lines);
    const changes = describeChanges(this.#config, config);
    this.#config = config;
    // What was deleted while the files were read is not meant by them.
    this.#deletions = { ...this.#deletions, connectors: without(this.#deletions.connectors, old) };
    this.#forgetModels(this.#deletions.models);
    this.#exchange();
    this.#state = { ok: true, at: new Date().toISOString(), problems: lines };
    log.setLevel(config.settings.logLevel);
    log.info({ why, ...changes, problems: lines }, 'reloaded');
    this.#warnOfRestart();
    return this.#state;
  }

  #refuse(why: string, problems: readonly string[]): ReloadState {
    this.#state = { ok: false, at: new Date().toISOString(), problems };
    this.#ports.log.error({ why, problems }, 'the new configuration is wrong; the old one stays in force');
    return this.#state;
  }

  /** Keeps those deleted models that the files still name; naming another one again brings it back. */
  #forgetModels(models: ReadonlySet<string>): void {
    const left = remainingModels(this.#config, models);
    this.#deletions = { ...this.#deletions, models: left };
    if (left.size < models.size) this.#ports.storage?.forgetDeletedPackages([...without(models, left)]);
  }

  /** What was there and is not any more. That is taken for an accident: emptying it says the same on purpose. */
  #whatIsGone(loaded: Config): string[] {
    const { configDir, connectorsFile, effective } = this.#config.settings;
    const hadFolder = this.#hadFolder;
    this.#hadFolder ||= existsSync(configDir);
    if (hadFolder && !existsSync(configDir)) return [`${configDir}: the folder is gone; put it back`];
    const isDefault = effective.some(({ name, source }) => name === 'connectors' && source === 'default');
    if (!isDefault || connectorsFile === undefined || loaded.settings.connectorsFile !== undefined) return [];
    return [`${connectorsFile}: the file is gone; put it back, or empty it to remove all connectors`];
  }

  /** The address stays what it was, whatever the files say now, so that it may not lose its keys. */
  #whatIsOpen(loaded: Config): string[] {
    const { host } = this.#first.settings;
    if (loaded.keys.length > 0 || isLoopback(host)) return [];
    return [`keys: none is left, and ${host} is not a loopback address; put one back, or restart on 127.0.0.1`];
  }

  /** Says it once for each value. */
  #warnOfRestart(): void {
    const changed = changedSettings(this.#first, this.#config).filter((name) => restartSettings.has(name));
    const values = (config: Config) => config.settings.effective.filter(({ name }) => changed.includes(name));
    const said = JSON.stringify(values(this.#config).map(({ name, value }) => [name, value]));
    this.#restartNeeded = changed;
    if (said === this.#restartSaid) return;
    this.#restartSaid = said;
    if (changed.length > 0) this.#ports.log.warn({ settings: changed }, 'these settings need a restart to take effect');
  }

  #exchange(): void {
    const previous = this.#runtime;
    this.#runtime = this.#ports.create(withoutDeleted(this.#config, this.#deletions), previous);
    previous.retire().catch((error: unknown) => this.#ports.log.error({ error: String(error) }, 'closing failed'));
  }
}

function without(names: ReadonlySet<string>, others: ReadonlySet<string>): ReadonlySet<string> {
  return new Set([...names].filter((name) => !others.has(name)));
}
