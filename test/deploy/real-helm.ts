import { deepStrictEqual } from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { chartFolder, type KubernetesDocument, parseDocuments, type RenderOptions } from './render-chart.ts';

/** The path of Helm itself; where it is set, everything that the tests render is rendered by it as well. */
const helm = process.env.HELM;

/**
 * Holds what the tests' renderer makes of a chart against what Helm makes of it.
 * @param rendered the documents; undefined where the chart refuses the values
 * @throws Error where Helm says otherwise
 */
export function compareWithHelm(
  values: string,
  { release = 'demo', chartName }: RenderOptions,
  rendered: readonly KubernetesDocument[] | undefined,
): void {
  if (helm === undefined) return;
  const folder = mkdtempSync(join(tmpdir(), 'headrace-helm-'));
  try {
    const chart = chartName === undefined ? chartFolder : writeParent(folder, chartName);
    const input = chartName === undefined ? values : nest(values, chartName);
    const args = ['template', release, chart, '--namespace', 'models', '--kube-version', '1.33.0', '--values', '-'];
    const { status, stdout, stderr } = spawnSync(helm, args, { input, encoding: 'utf8' });
    if (rendered === undefined && status !== 0) return;
    if (rendered === undefined || status !== 0) {
      throw new Error(`Helm ${status === 0 ? 'takes' : 'refuses'} what the renderer does not: ${stderr}\n${values}`);
    }
    deepStrictEqual(sorted(parseDocuments('helm template', stdout)), sorted(rendered));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A chart that has this one as a part, under another name. */
function writeParent(folder: string, alias: string): string {
  const { name, version } = parse(readFileSync(join(chartFolder, 'Chart.yaml'), 'utf8')) as {
    name: string;
    version: string;
  };
  const parent = { apiVersion: 'v2', name: 'parent', version: '0.0.0', dependencies: [{ name, version, alias }] };
  mkdirSync(join(folder, 'charts'));
  cpSync(chartFolder, join(folder, 'charts', name), { recursive: true });
  writeFileSync(join(folder, 'Chart.yaml'), stringify(parent));
  return folder;
}

function nest(values: string, alias: string): string {
  const { global, ...own } = (parse(values) ?? {}) as { global?: unknown };
  return stringify({ global, [alias]: own });
}

function sorted(documents: readonly KubernetesDocument[]): KubernetesDocument[] {
  const nameOf = ({ kind, metadata }: KubernetesDocument) => `${kind} ${metadata?.name}`;
  return documents.toSorted((one, other) => nameOf(one).localeCompare(nameOf(other)));
}
