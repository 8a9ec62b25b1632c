import { existsSync } from 'node:fs';
import { changedSettings, describeChanges, restartSettings } from './config/changes.ts';
import type { Config } from './config/config.ts';
import { type Deletions, type Package, withoutDeleted } from './config/deletions.ts';
import { isLoopback } from './config/listen-address.ts';
import type { LoadedConfig } from './config/load.ts';
import { formatProblem } from './config/problem.ts';
import { isSameContent, type Sources } from './config/source-files.ts';
import { DeletedPackages } from './deleted-packages.ts';
import { ReloadQueue, type ReloadRequest } from './reload-queue.ts';
import type { Runtime } from './runtime.ts';
import type { PackageStore } from './storage/storage.ts';
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
  /** Where deletions are kept that outlive a restart. */
  readonly packages: PackageStore | undefined;
  /** What is deleted already, in the store and in the other processes that serve. */
  readonly deletions: Deletions;
  /** What the first configuration was read from, as far as it is known. */
  readonly sources: Sources | undefined;
}

/** Holds the configuration in force, and exchanges it in one assignment for a good new one. */
export class Reloader {
  readonly #ports: ReloaderPorts;
  /** What the process was started with. */
  readonly #first: Config;
  /** As the files say. */
  #config: Config;
  readonly #deleted: DeletedPackages;
  #hadFolder: boolean;
  /** What was read last, also where that was wrong. */
  #sources: Sources;
  #runtime: Runtime;
  #state: ReloadState;
  readonly #queue = new ReloadQueue((request) => this.#work(request));
  /** Names of settings that wait for a restart. */
  #restartNeeded: readonly string[] = [];
  #restartSaid = '[]';

  constructor(config: Config, ports: ReloaderPorts) {
    this.#ports = ports;
    this.#first = config;
    this.#config = config;
    this.#hadFolder = existsSync(config.settings.configDir);
    this.#sources = ports.sources ?? { configDir: config.settings.configDir, contents: new Map() };
    this.#deleted = new DeletedPackages(ports.deletions, ports.packages);
    this.#deleted.forgetModels(config);
    void this.#store();
    this.#runtime = ports.create(withoutDeleted(config, this.#deleted.now), undefined);
    this.#state = { ok: true, at: new Date().toISOString(), problems: [] };
  }

  get runtime(): Runtime {
    return this.#runtime;
  }

  get state(): ReloadState {
    return this.#state;
  }

  get deletions(): Deletions {
    return this.#deleted.now;
  }

  /** What was read last, also where that was wrong. */
  get sources(): Sources {
    return this.#sources;
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
   * after it. Connectors that were deleted before this call, and not those that are after it, are back when it is done.
   */
  reload(why: string): Promise<ReloadState> {
    const moment = this.#deleted.moment();
    return this.#queue.ask({ why, moment, momentIfChanged: moment });
  }

  /** The same where a file is another than it was when it was read last; else nothing. */
  refresh(why: string): Promise<ReloadState> {
    return this.#queue.ask({ why, moment: undefined, momentIfChanged: this.#deleted.moment() });
  }

  /** Resolves when every reload is done that was asked for before. */
  settled(): Promise<void> {
    return this.#queue.settled();
  }

  /**
   * Takes a package away, in one step with whatever waited for its name. Once more changes nothing. It is away when this
   * returns, and outlives a restart from when the promise is fulfilled.
   */
  deletePackage(found: Package, by: string): Promise<void> {
    const isNew = this.#deleted.add(found, by);
    if (!this.#queue.isBusy) this.#deleted.forgetModels(this.#config); // no file can be about to name it
    if (isNew) this.#exchange();
    return this.#store();
  }

  /** For when the store is there again: asks it for what it could not be asked for, and gives it what it did not get. */
  async recallDeleted(): Promise<void> {
    try {
      this.#deleted.recall((await this.#ports.packages?.deleted()) ?? []);
      this.#deleted.forgetModels(this.#config);
      this.#exchange();
    } catch (error) {
      this.#ports.log.error({ error: String(error) }, 'which packages are deleted is not known');
    }
    await this.#store();
  }

  /** Never rejects: what is not stored holds in this process all the same. */
  async #store(): Promise<void> {
    try {
      await this.#deleted.store();
    } catch (error) {
      this.#ports.log.error(
        { error: String(error) },
        'a deletion is not stored yet, and gone after a restart until it is',
      );
    }
  }

  async #work(request: ReloadRequest): Promise<ReloadState> {
    try {
      return await this.#reload(request);
    } catch (error) {
      const unknown = [...this.#sources.contents.keys()].map((path) => [path, 'unknown'] as const);
      this.#sources = { ...this.#sources, contents: new Map(unknown) };
      return this.#refuse(request.why, [`the configuration could not be read: ${error}`]);
    }
  }

  async #reload({ why, moment, momentIfChanged }: ReloadRequest): Promise<ReloadState> {
    const { log } = this.#ports;
    const { problems, config, sources } = await this.#ports.load();
    const isChanged = !isSameContent(this.#sources, sources);
    this.#sources = sources;
    const meant = isChanged ? momentIfChanged : moment;
    if (meant === undefined) return this.#state;
    const faults = config === undefined ? [] : [...this.#whatIsGone(config), ...this.#whatIsOpen(config)];
    const lines = [...problems.map(formatProblem), ...faults];
    if (config === undefined || faults.length > 0) return this.#refuse(why, lines);
    const changes = await describeChanges(this.#config, config);
    this.#config = config;
    this.#deleted.settle(config, meant);
    this.#exchange();
    void this.#store();
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
    this.#runtime = this.#ports.create(withoutDeleted(this.#config, this.#deleted.now), previous);
    previous.retire().catch((error: unknown) => this.#ports.log.error({ error: String(error) }, 'closing failed'));
  }
}
