import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import { compareWithHelm } from './real-helm.ts';
import { findGo, hasTool, run } from './tools.ts';

export const chartFolder = fileURLToPath(new URL('../../deploy/helm/headrace', import.meta.url));
const source = fileURLToPath(new URL('render/main.go', import.meta.url));
const cache = fileURLToPath(new URL('../../.tools/render-chart', import.meta.url));
const go = findGo(cache);

/** False: the tests of the chart's documents are skipped, and that was said. */
export const canRender = hasTool(go, 'Go with Debian\'s packages of "sprig" and "yaml" (tests of the Helm chart)');

/** A document for Kubernetes, as plain data. */
// biome-ignore lint/suspicious/noExplicitAny: the models of Kubernetes judge it, not the types
export type KubernetesDocument = any;

export interface RenderOptions {
  readonly release?: string;
  /** The alias under which another chart has this one. */
  readonly chartName?: string;
}

export interface RenderedChart {
  readonly documents: readonly KubernetesDocument[];
  /** The text of each template by its name. */
  readonly texts: Readonly<Record<string, string>>;
  /** The chart's own values with the given ones laid over them. */
  readonly values: Readonly<Record<string, unknown>>;
  /** The only document of this kind; throws where there is none, or more than one. */
  the(kind: string): KubernetesDocument;
}

/** Builds the renderer, unless this very version of it is built already. */
export function buildRenderer(): string {
  const version = createHash('sha256').update(readFileSync(source)).digest('hex').slice(0, 16);
  const program = join(cache, `render-${version}`);
  if (existsSync(program)) return program;
  if (go === undefined) throw new Error('there is no Go');
  mkdirSync(cache, { recursive: true });
  const unfinished = `${program}.${process.pid}`;
  run(go.command, ['build', '-o', unfinished, source], go.env);
  renameSync(unfinished, program);
  return program;
}

/**
 * Renders the chart as `helm template` would.
 * @param values YAML as a user would write it
 * @throws Error with what the chart says against these values
 */
export function renderChart(values = '', options: RenderOptions = {}): RenderedChart {
  const { release = 'demo', chartName = '' } = options;
  const input = JSON.stringify({ Values: values, Release: release, Namespace: 'models', ChartName: chartName });
  const { status, stdout, stderr } = spawnSync(buildRenderer(), [chartFolder], { input, encoding: 'utf8' });
  if (status !== 0) {
    compareWithHelm(values, options, undefined);
    throw new Error(stderr.trim());
  }
  const answer = JSON.parse(stdout) as { documents: Record<string, string>; values: Record<string, unknown> };
  const { 'NOTES.txt': _, ...templates } = answer.documents;
  const documents = Object.entries(templates).flatMap(([name, text]) => parseDocuments(name, text));
  compareWithHelm(values, options, documents);
  const the = (kind: string) => {
    const found = documents.filter((document) => document.kind === kind);
    if (found.length !== 1) throw new Error(`${found.length} documents of the kind ${kind}`);
    return found[0];
  };
  return { documents, texts: answer.documents, values: answer.values, the };
}

/** YAML 1.1 as Kubernetes reads it, where 0440 is octal; a key that stands twice is an error. */
export function parseDocuments(name: string, text: string): KubernetesDocument[] {
  const parsed = parseAllDocuments(text, { version: '1.1', uniqueKeys: true });
  if (!Array.isArray(parsed)) return [];
  return parsed.flatMap((document) => {
    const problem = document.errors[0] ?? document.warnings[0];
    if (problem) throw new Error(`${name}: ${problem.message}`);
    const value: unknown = document.toJS();
    return value === null ? [] : [value];
  });
}
