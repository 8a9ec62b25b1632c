import { performance } from 'node:perf_hooks';
import { startMockServer } from '../src/mock/mock-server.ts';
import { GatewayChild } from '../test/chaos/gateway-child.ts';
import type { Case } from './cases.ts';
import { type Measurement, measure } from './measure.ts';
import type { Skill } from './scripted-model.ts';
import { ScriptedUpstream, type UpstreamKind } from './scripted-upstream.ts';

export interface ScriptedRunOptions {
  readonly cases: readonly Case[];
  readonly kinds: readonly UpstreamKind[];
  /** Of each approach with each kind of backend. */
  readonly tasks: number;
  readonly seed: number;
  readonly atOnce: number;
  /** Whether answers are asked for as streams. */
  readonly stream?: boolean;
  /** After this no task begins. */
  readonly seconds: number;
}

export interface ScriptedRun {
  readonly measurements: readonly Measurement[];
  /** What the gateway's log says of the usage of all requests. */
  readonly logged: { readonly requests: number; readonly tokens: number };
}

/**
 * Runs a gateway in a process of its own, from files as a user writes them, over scripted backends, and measures every
 * approach with every kind of backend.
 */
export async function runScripted(options: ScriptedRunOptions): Promise<ScriptedRun> {
  const { cases, kinds, tasks, seed, atOnce, seconds, stream } = options;
  const until = performance.now() + seconds * 1000;
  const upstreams = await startUpstreams(cases, kinds);
  const failing = await startMockServer({ magic_models: false, replies: [{ status: 500 }] });
  const gateway = await GatewayChild.start(filesFor(cases, upstreams, failing.baseUrl), {
    PATH: process.env.PATH ?? '',
  });
  const measurements: Measurement[] = [];
  try {
    for (const one of cases) {
      for (const [kind, upstream] of upstreams) {
        measurements.push(await measure(one, kind, upstream, { url: gateway.url, tasks, seed, atOnce, until, stream }));
        upstream.clear();
      }
    }
    const asked = measurements.reduce((sum, measured) => sum + measured.tasks, 0);
    const lines = await gateway.logged(asked);
    const tokens = lines.reduce((sum, line) => sum + (line.prompt_tokens ?? 0) + (line.completion_tokens ?? 0), 0);
    return { measurements, logged: { requests: lines.length, tokens } };
  } finally {
    await gateway.stop();
    for (const upstream of [...upstreams.values(), failing]) await upstream.close();
  }
}

async function startUpstreams(
  cases: readonly Case[],
  kinds: readonly UpstreamKind[],
): Promise<Map<UpstreamKind, ScriptedUpstream>> {
  const upstreams = new Map<UpstreamKind, ScriptedUpstream>();
  for (const kind of kinds) {
    const skills = new Map(
      cases.map(({ name, odds: { right, wrong, judge } }): [string, Skill] => [
        name,
        { name: `${kind}-${name}`, right, wrong, judge },
      ]),
    );
    upstreams.set(kind, await ScriptedUpstream.start(kind, skills));
  }
  return upstreams;
}

/** A backend for each kind, one that always fails, and a route for each approach over each kind. */
function filesFor(
  cases: readonly Case[],
  upstreams: ReadonlyMap<UpstreamKind, ScriptedUpstream>,
  failingUrl: string,
): Record<string, string> {
  const files: Record<string, string> = { 'backends/failing/backend.yaml': backendAt(failingUrl) };
  const routes: Record<string, object> = {};
  for (const [kind, { baseUrl }] of upstreams) {
    files[`backends/${kind}/backend.yaml`] = backendAt(baseUrl);
    for (const { name, approach, parameters } of cases) {
      const chosen = approach === undefined ? {} : { approach, parameters };
      const model = kind === 'second' ? [`failing:${name}`, `second:${name}`] : `${kind}:${name}`;
      routes[`${kind}-${name}`] = { model, ...chosen };
    }
  }
  return { ...files, 'headrace.yaml': JSON.stringify({ routes }, null, 2) };
}

function backendAt(url: string): string {
  return `backend_type: custom\napi_base_url: ${url}\nauth_type: none\nmax_retries: 0\n`;
}
