import type { Backend } from '../backends/backend.ts';
import { type Diagnosis, diagnose, modelToAsk } from '../backends/diagnose.ts';
import { describeKey } from '../backends/probe.ts';
import { createBackend } from '../backends/registry.ts';
import type { BackendConfig } from '../config/backend-config.ts';
import type { Config } from '../config/config.ts';
import { didYouMean } from '../config/suggest.ts';
import { version } from '../version.ts';
import type { ConfigFlags } from './config-options.ts';
import { DemoServer } from './demo.ts';
import { loadOrComplain } from './load.ts';

/**
 * `headrace doctor`: one real chat per backend and provider, all at the same time, and a line about each in the order
 * of the configuration. Exit code 0 only if all of them answered.
 * @param name only the backend or provider of this name
 */
export async function doctor(name: string | undefined, flags: ConfigFlags): Promise<void> {
  const loaded = await loadOrComplain(flags);
  if (loaded === undefined) return;
  const fault = findFault(loaded, name);
  if (fault !== undefined) {
    process.stderr.write(`headrace: ${fault}\n`);
    process.exitCode = 1;
    return;
  }
  const demo = new DemoServer();
  const config = await demo.apply(loaded);
  try {
    if (!(await ask(config, name))) process.exitCode = 1;
  } finally {
    await demo.close();
  }
}

/** Why there is nothing to ask, if so. */
function findFault(config: Config, name: string | undefined): string | undefined {
  const names = chosen(config, undefined).map((backend) => backend.name);
  if (names.length === 0) return 'there is no backend to ask; configure one, or start with --base-url URL';
  if (name === undefined || names.includes(name)) return undefined;
  return `there is no backend or provider "${name}"${didYouMean(name, names)}; there are: ${names.join(', ')}`;
}

function chosen(config: Config, name: string | undefined): BackendConfig[] {
  const all = [...config.backends.values(), ...config.providers.values()];
  return name === undefined ? all : all.filter((backend) => backend.name === name);
}

/** Whether all answered. */
async function ask(config: Config, name: string | undefined): Promise<boolean> {
  const options = {
    maximumBytes: config.settings.maxResponseBytes,
    env: process.env,
    userAgent: `headrace/${version}`,
  };
  const open = (backend: BackendConfig): Backend => createBackend(backend, options);
  const asked = chosen(config, name).map((backend) => ({
    backend,
    diagnosis: diagnose(backend, { model: modelToAsk(backend, config), open }),
  }));
  let allOk = true;
  for (const { backend, diagnosis } of asked) {
    const found = await diagnosis;
    process.stdout.write(`${toLine(backend, found)}\n`);
    allOk &&= found.ok;
  }
  return allOk;
}

function toLine(backend: BackendConfig, found: Diagnosis): string {
  const kind = backend.origin === 'connectors' ? 'provider' : 'backend';
  const who = `${kind} ${backend.name}: `;
  if (!found.ok) return `${who}${oneLine(found.problem)}; ${found.advice}`;
  const elapsed = `${Math.round(found.elapsedMs)} ms`;
  return `${who}ok in ${elapsed} (${backend.baseUrl}, ${describeKey(backend)}, model ${oneLine(found.model)})`;
}

/** A backend's own words may hold anything. */
function oneLine(text: string): string {
  return text.replace(/[\s\p{Cc}]+/gu, ' ').trim();
}
