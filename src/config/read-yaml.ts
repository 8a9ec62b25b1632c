import type { Environment } from './flags.ts';
import { readTextFile } from './read-file.ts';
import type { FileReport } from './report.ts';
import { substituteVariables } from './substitute.ts';
import type { TreeNode } from './tree.ts';
import { readYamlTree } from './yaml-tree.ts';

/** Reads a YAML file into a tree, with variables put in. `missing`: no such file; undefined: see the report. */
export async function readYamlFile(
  path: string,
  environment: Environment,
  report: FileReport,
): Promise<TreeNode | 'missing' | undefined> {
  const read = await readTextFile(path, report);
  if (read === 'missing' || read === undefined) return read;
  const tree = readYamlTree(read.text, report);
  return tree && substituteVariables(tree, environment, report);
}
