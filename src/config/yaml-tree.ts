import { readPlainYaml } from './plain-yaml.ts';
import type { FileReport } from './report.ts';
import type { TreeNode } from './tree.ts';
import { readWholeYaml } from './whole-yaml.ts';

/**
 * Reads one YAML 1.2 document into a tree. An empty file is an empty mapping.
 * Problems go to the report: the first syntax error (then there is no tree), every duplicate key.
 */
export function readYamlTree(text: string, report: FileReport): TreeNode | undefined {
  return readPlainYaml(text) ?? readWholeYaml(text, report);
}
