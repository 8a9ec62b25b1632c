/** A place in a file; both numbers count from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** The names and list positions that lead to a node from the top of its file. */
export type Path = readonly (string | number)[];

/** What a YAML or a TOML file says, with the place of every key and value. One form, so that there is one checker. */
export type TreeNode = ScalarNode | ListNode | MappingNode;

export interface ScalarNode {
  readonly kind: 'scalar';
  readonly place: Place;
  readonly value: unknown;
  /** How a number is spelt in the file. */
  readonly source?: string;
  /** The text came out of a `${VAR}`, so it may also stand for a number. */
  readonly substituted?: boolean;
  /** A problem was already reported for it; it counts as given and is not checked further. */
  readonly broken?: boolean;
}

export interface ListNode {
  readonly kind: 'list';
  readonly place: Place;
  readonly items: readonly TreeNode[];
}

export interface MappingNode {
  readonly kind: 'mapping';
  readonly place: Place;
  /** A map, so that `__proto__` is a name like any other. */
  readonly entries: ReadonlyMap<string, Entry>;
}

export interface Entry {
  readonly keyPlace: Place;
  readonly node: TreeNode;
}

/** The node at a path, or undefined where nothing is written. */
export function nodeAt(node: TreeNode, path: Path): TreeNode | undefined {
  let here: TreeNode | undefined = node;
  for (const step of path) {
    if (here?.kind === 'mapping' && typeof step === 'string') here = here.entries.get(step)?.node;
    else if (here?.kind === 'list' && typeof step === 'number') here = here.items[step];
    else return undefined;
  }
  return here;
}

/** The entries of a mapping; none for anything else. */
export function entriesAt(node: TreeNode, path: Path): ReadonlyMap<string, Entry> {
  const found = nodeAt(node, path);
  return found?.kind === 'mapping' ? found.entries : new Map();
}

/** The plain value of a node; mappings become objects without a prototype. */
export function plainValue(node: TreeNode): unknown {
  if (node.kind === 'scalar') return node.value;
  if (node.kind === 'list') return node.items.map(plainValue);
  const value: Record<string, unknown> = Object.create(null);
  for (const [name, entry] of node.entries) value[name] = plainValue(entry.node);
  return value;
}

const jsonNumber = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

/** The JSON text of a node, numbers spelt as in the file; undefined where JSON has no such value (infinity, a date). */
export function jsonText(node: TreeNode): string | undefined {
  if (node.kind === 'scalar') return scalarJson(node);
  const parts: string[] = [];
  const children = node.kind === 'list' ? node.items.entries() : node.entries.entries();
  for (const [name, child] of children) {
    const text = jsonText('node' in child ? child.node : child);
    if (text === undefined) return undefined;
    parts.push(typeof name === 'string' ? `${JSON.stringify(name)}:${text}` : text);
  }
  return node.kind === 'list' ? `[${parts.join(',')}]` : `{${parts.join(',')}}`;
}

function scalarJson(node: ScalarNode): string | undefined {
  const { value, source } = node;
  if (typeof value === 'number') {
    if (source !== undefined && jsonNumber.test(source)) return source;
    return Number.isFinite(value) ? JSON.stringify(value) : undefined;
  }
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return JSON.stringify(value);
  return undefined;
}

const bareName = /^[A-Za-z0-9_-]+$/;

/** `models."gpt-4.1".limits`, `keys[0].name`: names with other characters than `[A-Za-z0-9_-]` are quoted. */
export function formatPath(path: Path): string {
  let text = '';
  for (const step of path) text = addStep(text, step);
  return text;
}

/** A formatted path with one more step. */
export function addStep(text: string, step: string | number): string {
  if (typeof step === 'number') return `${text}[${step}]`;
  return `${text}${text === '' ? '' : '.'}${bareName.test(step) ? step : JSON.stringify(step)}`;
}
