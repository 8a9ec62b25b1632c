import type { TraceParent } from './trace-context.ts';

/** Whether a call is traced; the trace's id decides, so that every part of a trace decides alike. */
export type Sampler = (traceId: string, parent: TraceParent | undefined) => boolean;

/** The names that `OTEL_TRACES_SAMPLER` takes. */
export const samplerNames = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;

/**
 * The sampler of `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG`; `parentbased_always_on` where nothing is set.
 * @param complain told of a value that cannot be used, in place of which the default holds
 */
export function createSampler(
  name: string | undefined,
  argument: string | undefined,
  complain: (variable: string, problem: string) => void,
): Sampler {
  const known = samplerNames.find((other) => other === (name || 'parentbased_always_on'));
  if (known === undefined) complain('OTEL_TRACES_SAMPLER', `must be one of ${samplerNames.join(', ')}`);
  const [, base = 'always_on'] = /^(?:parentbased_)?(.*)$/.exec(known ?? 'always_on') ?? [];
  const root = rootSampler(base, argument, complain);
  if (known !== undefined && !known.startsWith('parentbased_')) return (traceId) => root(traceId);
  return (traceId, parent) => parent?.sampled ?? root(traceId);
}

function rootSampler(
  base: string,
  argument: string | undefined,
  complain: (variable: string, problem: string) => void,
): (traceId: string) => boolean {
  if (base !== 'traceidratio') return () => base === 'always_on';
  let ratio = argument?.trim() ? Number(argument) : 1;
  if (!(ratio >= 0 && ratio <= 1)) {
    complain('OTEL_TRACES_SAMPLER_ARG', 'must be a number from 0 to 1');
    ratio = 1;
  }
  const bound = ratio * 2 ** 52;
  return (traceId) => Number.parseInt(traceId.slice(-13), 16) < bound;
}
