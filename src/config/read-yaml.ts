import type { Environment } from './flags.ts';
import { decodeText } from './read-file.ts';
import type { FileReport } from './report.ts';
import { substituteVariables } from './substitute.ts';
import type { TreeNode } from './tree.ts';
import { readYamlTree } from './yaml-tree.ts';

/** What a variable is written with, or what may stand for it in quotes. */
const maybeVariable = /[$\\]/;

/** Reads a YAML file's bytes into a tree, with variables put in. undefined: see the report. */
export function readYaml(bytes: Uint8Array, environment: Environment, report: FileReport): TreeNode | undefined {
  const text = decodeText(bytes, report);
  if (text === undefined) return undefined;
  const tree = readYamlTree(text, report);
  return tree && maybeVariable.test(text) ? substituteVariables(tree, environment, report) : tree;
}
