import type { Candidate } from '../types/route.ts';
import { hashOf, mix } from './mix.ts';

/** What sets of parameters are known by; they stay the same objects as long as their configuration. */
const ofParameters = new WeakMap<Candidate['parameters'], number>();

/**
 * A number of 32 bits for what a candidate is, equal in all processes and after every start: its backend, its model,
 * and the fields that it sets. What else is configured of it does not count, nor which others there are.
 */
export function candidateIdentity({ health, backend, model, parameters }: Candidate): number {
  if (health.identity === undefined) {
    const { origin, name } = backend.config;
    health.identity = hashOf(`${origin === 'connectors' ? 'connectors ' : ''}${name}\n${model}`);
  }
  return parameters.size === 0 ? health.identity : mix(health.identity ^ parametersIdentity(parameters));
}

function parametersIdentity(parameters: Candidate['parameters']): number {
  let identity = ofParameters.get(parameters);
  if (identity === undefined) {
    identity = hashOf(JSON.stringify([...parameters]));
    ofParameters.set(parameters, identity);
  }
  return identity;
}
