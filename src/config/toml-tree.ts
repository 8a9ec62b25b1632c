import type { AST } from 'toml-eslint-parser';
import type { FileReport } from './report.ts';
import type { Entry, MappingNode, Place, TreeNode } from './tree.ts';

interface Table extends MappingNode {
  place: Place;
  readonly entries: Map<string, Entry>;
}

interface List {
  readonly kind: 'list';
  readonly place: Place;
  readonly items: TreeNode[];
}

/** What to do about the commonest errors; the parser's own texts, which quote nothing of the file, say the rest. */
const remedies = new Map([
  ['Defining a key multiple times is invalid', 'this key or table stands twice; keep one of them'],
  ['Unterminated string constant', 'a text is not closed; put a quote at its end'],
]);

type KeyPart = AST.TOMLBare | AST.TOMLQuoted;

/**
 * Reads a TOML 1.0 file into a tree. A table's place is its header, or the first key that makes it.
 * After a syntax error (a duplicate key is one) there is no tree, and that one error is in the report.
 * The parser is loaded on first use only, since most installations have no such file.
 */
export async function readTomlTree(text: string, report: FileReport): Promise<MappingNode | undefined> {
  const { parseTOML, ParseError } = await import('toml-eslint-parser');
  try {
    return toTree(parseTOML(text, { tomlVersion: '1.0' }));
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    report.error(
      { line: error.lineNumber, column: error.column + 1 },
      [],
      `TOML syntax error: ${remedies.get(error.message) ?? error.message}`,
    );
    return undefined;
  }
}

function toTree(program: AST.TOMLProgram): MappingNode {
  const root = table({ line: 1, column: 1 });
  for (const statement of program.body[0].body) {
    if (statement.type === 'TOMLKeyValue') addPair(root, statement);
    else addTable(root, statement);
  }
  return root;
}

function addTable(root: Table, statement: AST.TOMLTable): void {
  const place = placeOf(statement);
  const { parent, last } = descend(root, statement.key.keys, place);
  const name = nameOf(last);
  const existing = parent.entries.get(name)?.node;
  let target: Table;
  if (statement.kind === 'array') {
    target = table(place);
    if (existing?.kind === 'list') (existing as List).items.push(target);
    else parent.entries.set(name, { keyPlace: placeOf(last), node: { kind: 'list', place, items: [target] } });
  } else if (existing?.kind === 'mapping') {
    target = existing as Table;
    target.place = place;
  } else {
    target = table(place);
    parent.entries.set(name, { keyPlace: placeOf(last), node: target });
  }
  for (const pair of statement.body) addPair(target, pair);
}

function addPair(parent: Table, pair: AST.TOMLKeyValue): void {
  const found = descend(parent, pair.key.keys, placeOf(pair.key));
  found.parent.entries.set(nameOf(found.last), { keyPlace: placeOf(found.last), node: treeOf(pair.value) });
}

/** The table that the last part of a dotted key belongs to; tables on the way are made as needed. */
function descend(from: Table, keys: readonly KeyPart[], place: Place): { parent: Table; last: KeyPart } {
  const last = keys.at(-1);
  if (!last) throw new Error('a TOML key has no parts');
  let parent = from;
  for (const key of keys.slice(0, -1)) {
    let next = parent.entries.get(nameOf(key))?.node;
    if (!next) {
      next = table(place);
      parent.entries.set(nameOf(key), { keyPlace: placeOf(key), node: next });
    }
    if (next.kind === 'list') next = next.items.at(-1);
    if (next?.kind !== 'mapping') throw new Error('a TOML key leads into a value');
    parent = next as Table;
  }
  return { parent, last };
}

function treeOf(node: AST.TOMLContentNode): TreeNode {
  const place = placeOf(node);
  if (node.type === 'TOMLArray') return { kind: 'list', place, items: node.elements.map(treeOf) };
  if (node.type === 'TOMLInlineTable') {
    const inline = table(place);
    for (const pair of node.body) addPair(inline, pair);
    return inline;
  }
  const spelt = node.kind === 'integer' || node.kind === 'float' ? { source: node.number } : {};
  return { kind: 'scalar', place, value: node.value, ...spelt };
}

function table(place: Place): Table {
  return { kind: 'mapping', place, entries: new Map() };
}

function nameOf(key: KeyPart): string {
  return key.type === 'TOMLBare' ? key.name : key.value;
}

function placeOf(node: AST.TOMLNode): Place {
  return { line: node.loc.start.line, column: node.loc.start.column + 1 };
}
