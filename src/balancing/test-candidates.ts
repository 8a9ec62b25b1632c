import type { Backend } from '../backends/backend.ts';
import { createBackend } from '../backends/registry.ts';
import type { BackendConfig, BreakerConfig } from '../config/backend-config.ts';
import type { Strategy } from '../config/route-config.ts';
import { unpooled } from '../config/unpooled.ts';
import type { Candidate, Tier } from '../types/route.ts';
import type { Choice } from './balancer.ts';
import { CandidateHealth } from './candidate-health.ts';
import { KeyPool } from './key-pool.ts';

/** A backend as `backend.yaml` with nothing but a URL makes it. */
export function backendConfig(name: string, changes: Partial<BackendConfig> = {}): BackendConfig {
  return {
    name,
    origin: 'file',
    type: 'custom',
    baseUrl: `http://127.0.0.1:9/${name}`,
    query: '',
    ...unpooled({ kind: 'none', remedy: '' }),
    headers: [],
    models: new Map(),
    defaultModel: undefined,
    timeoutMs: 1000,
    maxRetries: 0,
    retryDelayMs: 100,
    loadingWaitMs: 0,
    place: `config/backends/${name}/backend.yaml`,
    ...changes,
  };
}

const backends = new Map<string, Backend>();

function backendOf(name: string): Backend {
  let backend = backends.get(name);
  if (backend === undefined) {
    backend = createBackend(backendConfig(name), { maximumBytes: 1000, env: {}, userAgent: 'test' });
    backends.set(name, backend);
  }
  return backend;
}

/** Opens with the second failure in a row. */
export const twoFailures: BreakerConfig = { failures: 2, openMs: 1000, longestMs: 60_000 };

/** The model `m` of a backend of this name. */
export function candidateOf(name: string, changes: Partial<Candidate> = {}, now?: () => number): Candidate {
  const backend = backendOf(name);
  return {
    backend,
    model: 'm',
    config: undefined,
    answerModel: undefined,
    weight: 1,
    conditions: undefined,
    parameters: new Map(),
    prices: undefined,
    health: new CandidateHealth(twoFailures, now),
    keys: new KeyPool(backend.config.keys),
    slots: undefined,
    ...changes,
  };
}

export function tierOf(strategy: Strategy, candidates: readonly Candidate[]): Tier {
  return { strategy, candidates };
}

export function choiceOf(changes: Partial<Choice> = {}): Choice {
  return { affinity: 0, stream: true, bytes: 4000, random: dice(), ...changes };
}

/** The same numbers in every run, from 0 up to, not including, 1. */
export function dice(seed = 1): () => number {
  let state = seed;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let bits = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    bits = Math.imul(bits ^ (bits >>> 15), 0x735a2d97);
    return ((bits ^ (bits >>> 15)) >>> 0) / 2 ** 32;
  };
}

/** The names of the backends, in order. */
export function names(candidates: readonly Candidate[]): string[] {
  return candidates.map((candidate) => candidate.backend.config.name);
}
