import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { checkTree } from './check-tree.ts';
import { formatProblem } from './problem.ts';
import { Report } from './report.ts';
import { type Vendor, vendorFile } from './schema/vendor-file.ts';
import { readYamlTree } from './yaml-tree.ts';

const folder = new URL('../backends/vendors/', import.meta.url);
const ending = '.yaml';

/** The names of the built-in vendors, in alphabetical order. */
export function vendorNames(): readonly string[] {
  const files = readdirSync(folder).filter((name) => name.endsWith(ending));
  return files.map((name) => name.slice(0, -ending.length)).toSorted();
}

/** One vendor of the catalogue. A faulty file is a fault of this package, hence an exception. */
export async function readVendor(name: string): Promise<Vendor> {
  const file = `${name}${ending}`;
  const report = new Report();
  const tree = readYamlTree(await readFile(new URL(file, folder), 'utf8'), report.file(file));
  const vendor = tree && checkTree(vendorFile, tree, report.file(file));
  const fault = report.problems()[0];
  if (fault) throw new Error(`the vendor catalogue is damaged: ${formatProblem(fault)}`);
  const { api_base_url, documentation } = vendor ?? {};
  if (vendor?.name !== name || api_base_url === undefined || documentation === undefined) {
    throw new Error(`the vendor catalogue is damaged: ${file} must have the name ${name}`);
  }
  return { ...vendor, name, api_base_url, documentation };
}
