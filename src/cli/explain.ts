import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { openLastingServices } from '../approaches/lasting-services.ts';
import { Chooser } from '../balancing/chooser.ts';
import { HealthRegistry } from '../balancing/health-registry.ts';
import type { Config } from '../config/config.ts';
import type { GatewayError } from '../gateway-error.ts';
import { errorReply } from '../http/errors.ts';
import { tooLarge } from '../http/server.ts';
import { MemoryGovernor } from '../limits/memory-governor.ts';
import { MemoryLimiter } from '../limits/memory-limiter.ts';
import { WorkerTokenCounter } from '../models/worker-token-counter.ts';
import { createAdmission } from '../pipeline/admit-caller.ts';
import { type Explanation, explainCall } from '../pipeline/explain.ts';
import type { ExplainedCaller } from '../pipeline/explain-caller.ts';
import { protocols } from '../protocols/registry.ts';
import { createRuntime } from '../runtime.ts';
import { StorageOpenError } from '../storage/storage-open-error.ts';
import { openLog } from '../telemetry/log.ts';
import type { Protocol } from '../types/protocol.ts';
import type { ConfigFlags } from './config-options.ts';
import { findCaller } from './explain-key.ts';
import { loadOrComplain } from './load.ts';

export interface ExplainFlags extends ConfigFlags {
  readonly endpoint: string;
  /** Who would call: the name or the id of a key of the gateway. */
  readonly key?: string;
}

/**
 * `headrace explain`: what would become of a request, a fact a line, without any upstream call. Exit code 0 if it would
 * be sent, 1 if it would be refused; the last line is then the body of the answer that the client would get.
 * @param file a request's body; `-`: standard input
 */
export async function explain(file: string, flags: ExplainFlags): Promise<void> {
  const { endpoint, key, ...configFlags } = flags;
  const protocol = findProtocol(endpoint);
  if (protocol === undefined) {
    const known = protocols.map((one) => one.path.slice(1)).join(', ');
    return complain(`--endpoint must be one of: ${known}`);
  }
  const config = await loadOrComplain(configFlags);
  if (config === undefined) return;
  let body: Buffer;
  try {
    body = file === '-' ? await buffer(process.stdin) : await readFile(file);
  } catch (error) {
    return complain(`cannot read ${file}: ${(error as Error).message}`);
  }
  const { maxRequestBytes } = config.settings;
  if (body.length > maxRequestBytes) return print({ facts: [], refusal: tooLarge(body.length, maxRequestBytes) });
  const governor = new MemoryGovernor();
  try {
    const by = key === undefined ? undefined : await findCaller(key, config, governor, warn);
    if (typeof by === 'string') complain(by);
    else print(await dryRun(protocol, body, config, governor, by));
  } catch (error) {
    if (!(error instanceof StorageOpenError)) throw error;
    complain(error.message);
  }
}

/** By its path, with or without a slash and `v1` before it. */
function findProtocol(endpoint: string): Protocol | undefined {
  const path = `/${endpoint.replace(/^\/?(v1\/)?/, '')}`;
  return protocols.find((protocol) => protocol.path === path);
}

async function dryRun(
  protocol: Protocol,
  body: Buffer,
  config: Config,
  governor: MemoryGovernor,
  by: ExplainedCaller | undefined,
): Promise<Explanation> {
  const counter = new WorkerTokenCounter();
  const log = openLog('silent');
  const runtime = createRuntime(config, {
    log,
    env: process.env,
    limiter: new MemoryLimiter(),
    counter,
    health: new HealthRegistry(),
    chooser: new Chooser(),
    admission: createAdmission(governor, false),
    lasting: openLastingServices(() => undefined), // nothing is sent, so nothing is done behind an answer
  });
  try {
    return await explainCall(protocol, body, config, runtime.pipeline, by);
  } finally {
    await Promise.all([runtime.retire(), counter.close()]);
  }
}

function print({ facts, refusal }: Explanation): void {
  for (const { label, text } of facts) process.stdout.write(`${label}: ${text}\n`);
  if (refusal === undefined) process.stdout.write('result: would be sent\n');
  else printRefusal(refusal);
}

function printRefusal(refusal: GatewayError): void {
  const { status, body } = errorReply(refusal);
  process.stdout.write(`result: refused with ${status} ${refusal.code}\nthe client would get: ${body}\n`);
  process.exitCode = 1;
}

function warn(text: string): void {
  process.stderr.write(`headrace: ${text}\n`);
}

function complain(text: string): void {
  warn(text);
  process.exitCode = 1;
}
