import type { Environment } from './flags.ts';
import type { FileReport } from './report.ts';
import type { Entry, Path, ScalarNode, TreeNode } from './tree.ts';

const reference = /\$\$\{|\$\{([^}]*)(\}?)/g;
const inside = /^([A-Za-z_][A-Za-z0-9_]*)(?::-([\s\S]*))?$/;

/**
 * Puts environment variables into every text of a tree: `${VAR}`, `${VAR:-default}` (also for an empty variable),
 * and `$${` for a literal `${`. Keys stay as they are. An unset variable without default is an error at its place.
 */
export function substituteVariables(
  node: TreeNode,
  environment: Environment,
  report: FileReport,
  path: Path = [],
): TreeNode {
  if (node.kind === 'scalar') return substituteScalar(node, environment, report, path);
  if (node.kind === 'list') {
    const items = node.items.map((item, index) => substituteVariables(item, environment, report, [...path, index]));
    return { ...node, items };
  }
  const entries = new Map<string, Entry>();
  for (const [name, entry] of node.entries) {
    entries.set(name, { ...entry, node: substituteVariables(entry.node, environment, report, [...path, name]) });
  }
  return { ...node, entries };
}

function substituteScalar(node: ScalarNode, environment: Environment, report: FileReport, path: Path): ScalarNode {
  if (typeof node.value !== 'string' || !node.value.includes('${')) return node;
  const faults: string[] = [];
  const value = node.value.replace(
    reference,
    (found: string, content: string | undefined, closing: string | undefined) => {
      if (content === undefined) return '${';
      const parts = inside.exec(content);
      const name = parts?.[1];
      if (name === undefined || closing === '') {
        faults.push(
          `has a \${ that is no reference to a variable; write \${NAME} or \${NAME:-default}, or $\${ for a literal \${`,
        );
        return found;
      }
      const set = environment[name];
      if (parts?.[2] !== undefined) return set ? set : parts[2];
      if (set === undefined) {
        faults.push(`the environment variable ${name} is not set; set it, or write \${${name}:-default}`);
      }
      return set ?? '';
    },
  );
  for (const fault of new Set(faults)) report.error(node.place, path, fault);
  return { ...node, value, substituted: true, ...(faults.length > 0 ? { broken: true } : {}) };
}
