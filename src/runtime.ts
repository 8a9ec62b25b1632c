import { ApproachChooser } from './approaches/approach-chooser.ts';
import { createApproachPorts } from './approaches/approach-ports.ts';
import type { LastingServices } from './approaches/lasting-services.ts';
import { stages } from './approaches/registry.ts';
import { ToolServers } from './approaches/tools/tool-servers.ts';
import type { Backend } from './backends/backend.ts';
import { createBackend } from './backends/registry.ts';
import type { Chooser } from './balancing/chooser.ts';
import type { HealthRegistry } from './balancing/health-registry.ts';
import type { BackendConfig } from './config/backend-config.ts';
import type { Config } from './config/config.ts';
import type { Limiter } from './limits/limiter.ts';
import { Catalog } from './models/catalog.ts';
import { Directory } from './models/directory.ts';
import type { TokenCounter } from './models/token-counter.ts';
import type { LastingAdmission } from './pipeline/admit-caller.ts';
import type { PipelinePorts } from './pipeline/run.ts';
import type { Log } from './telemetry/log.ts';
import { version } from './version.ts';

/** What outlives a configuration: counters, connections to the world outside, the process' own voice. */
export interface Surroundings {
  readonly log: Log;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly limiter: Limiter;
  readonly counter: TokenCounter;
  /** How backends fare. */
  readonly health: HealthRegistry;
  readonly chooser: Chooser;
  /** What is known of callers' limits, of prices, and of the lengths of answers. */
  readonly admission: LastingAdmission;
  /** What approaches learn, and do behind answers. */
  readonly lasting: LastingServices;
}

/** Everything that is built from one configuration, whole, so that it can be exchanged in one assignment. */
export interface Runtime {
  readonly config: Config;
  readonly catalog: Catalog;
  readonly pipeline: PipelinePorts;
  /** Backends and connectors' providers, in the order of the configuration. */
  readonly backends: readonly Backend[];
  /** The servers of tools; each is opened when it is first needed. */
  readonly tools: ToolServers;
  /** Takes part in a call that runs on this configuration; to be given back by `release`. */
  acquire(): void;
  release(): void;
  /** Lets the calls that run end, then closes the connections that no other configuration shares. */
  retire(): Promise<void>;
}

/**
 * Builds a runtime. It opens no connection and no port.
 * @param previous the runtime that it follows, whose connections it takes over where nothing changed for them
 */
export function createRuntime(config: Config, surroundings: Surroundings, previous?: Runtime): Runtime {
  const options = {
    maximumBytes: config.settings.maxResponseBytes,
    env: surroundings.env,
    userAgent: `headrace/${version}`,
  };
  const earlier = new Map(previous?.backends.map((backend) => [identityOf(backend.config), backend]));
  const open = (configs: ReadonlyMap<string, BackendConfig>) =>
    new Map(
      [...configs].map(([name, backend]) => {
        const shared = earlier.get(identityOf(backend))?.reconfigured(backend, options);
        return [name, shared ?? createBackend(backend, options)];
      }),
    );
  const backends = open(config.backends);
  const providers = open(config.providers);
  const directory = new Directory(config, backends, providers, surroundings.health);
  const all = [...backends.values(), ...providers.values()];
  const tools = new ToolServers(config.approaches.mcpServers, surroundings, previous?.tools);
  return {
    config,
    catalog: new Catalog(directory),
    pipeline: createPipeline(directory, config, surroundings, tools),
    backends: all,
    tools,
    ...createLease(async () => {
      await Promise.all([...all.map((backend) => backend.close()), tools.close()]);
    }),
  };
}

/** A backend and a provider may have the same name. */
function identityOf(config: BackendConfig): string {
  return `${config.origin === 'connectors' ? 'provider' : 'backend'} ${config.name}`;
}

/** Counts who uses something, and closes it when it is retired and the last one has gone. */
function createLease(close: () => Promise<void>): Pick<Runtime, 'acquire' | 'release' | 'retire'> {
  let users = 0;
  let onIdle: (() => void) | undefined;
  return {
    acquire: () => {
      users++;
    },
    release: () => {
      users--;
      if (users === 0) onIdle?.();
    },
    retire: async () => {
      if (users > 0) {
        await new Promise<void>((resolve) => {
          onIdle = resolve;
        });
      }
      await close();
    },
  };
}

function createPipeline(
  directory: Directory,
  config: Config,
  surroundings: Surroundings,
  tools: ToolServers,
): PipelinePorts {
  const { log, limiter, counter, chooser, lasting, admission } = surroundings;
  const ports = createApproachPorts(config, counter, { ...lasting, tools }, admission.prices);
  const once = sayOnce();
  return {
    ...admission,
    directory,
    approaches: new ApproachChooser(stages, config.approaches, ports),
    limiter,
    chooser,
    counter,
    forceContextWindow: config.settings.forceContextWindow,
    repetition: config.repetition,
    undeclared: (candidate) => {
      const { backend } = candidate;
      if (backend.config.models.size === 0) return;
      const { name } = backend.config;
      const model = candidate.model.slice(0, 256);
      once(`${name}:${model}`, () =>
        log.warn({ backend: name, model }, 'this model is not declared: it passes without limits and defaults'),
      );
    },
    uncounted: (kinds) => {
      for (const kind of kinds) {
        once(`part ${kind}`, () => log.warn({ kind }, 'parts of this kind are not counted as tokens'));
      }
    },
    failed: (error) => log.error({ error: String(error) }, 'a call could not be settled'),
  };
}

/** Says a thing the first time only; bounded, since clients make up names. */
function sayOnce(): (key: string, say: () => void) => void {
  const said = new Set<string>();
  return (key, say) => {
    if (said.has(key) || said.size >= 10_000) return;
    said.add(key);
    say();
  };
}
