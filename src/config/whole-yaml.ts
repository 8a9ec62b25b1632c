import type { Document, LineCounter as Lines, Node, ParsedNode, Scalar, YAMLMap, YAMLParseError } from 'yaml';
import type { FileReport } from './report.ts';
import type { Entry, Path, Place, ScalarNode, TreeNode } from './tree.ts';
import { yamlErrorText } from './yaml-error-text.ts';
import { yamlLibrary } from './yaml-library.ts';

/** How deep mappings and lists may stand in each other. */
export const deepestYaml = 64;
const mostNodes = 200_000;

/**
 * Reads one YAML 1.2 document into a tree. An empty file is an empty mapping.
 * Problems go to the report: the first syntax error (then there is no tree), every duplicate key.
 */
export function readWholeYaml(text: string, report: FileReport): TreeNode | undefined {
  const { isScalar, LineCounter, parseDocument } = yamlLibrary();
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false, version: '1.2' });
  const fault = document.errors[0] ?? document.warnings[0];
  if (fault) {
    reportFault(fault, lines, report);
    return undefined;
  }
  const version = document.directives?.yaml;
  if (version?.explicit && version.version !== '1.2') {
    report.error({ line: 1, column: 1 }, [], 'must be YAML 1.2: leave out the line %YAML');
    return undefined;
  }
  const top = { line: 1, column: 1 };
  if (document.contents === null || (isScalar(document.contents) && isEmptyScalar(document.contents))) {
    return { kind: 'mapping', place: top, entries: new Map() };
  }
  return new TreeBuilder(document, lines, report).build(document.contents, top, [], 0);
}

function reportFault(fault: Pick<YAMLParseError, 'code' | 'pos'>, lines: Lines, report: FileReport): void {
  const { line, col } = lines.linePos(fault.pos[0]);
  report.error({ line, column: col }, [], yamlErrorText(fault.code));
}

function isEmptyScalar(scalar: Scalar): boolean {
  return scalar.value === null && (scalar.source === undefined || scalar.source === '');
}

class TreeBuilder {
  readonly #library = yamlLibrary();
  readonly #document: Document.Parsed;
  readonly #lines: Lines;
  readonly #report: FileReport;
  #nodes = 0;

  constructor(document: Document.Parsed, lines: Lines, report: FileReport) {
    this.#document = document;
    this.#lines = lines;
    this.#report = report;
  }

  build(node: unknown, fallback: Place, path: Path, depth: number): TreeNode {
    const place = this.#place(node as Node | null, fallback);
    this.#nodes += 1;
    if (depth > deepestYaml || this.#nodes > mostNodes) {
      if (depth > deepestYaml || this.#nodes === mostNodes + 1)
        this.#report.error(place, path, 'is nested too deep or too large');
      return broken(place);
    }
    const { isAlias, isMap, isScalar, isSeq } = this.#library;
    if (isAlias(node)) return this.#alias(node.resolve(this.#document), place, path, depth);
    if (isMap(node)) return { kind: 'mapping', place, entries: this.#entries(node, place, path, depth) };
    if (isSeq(node)) {
      const items = node.items.map((item, index) => this.build(item, place, [...path, index], depth + 1));
      return { kind: 'list', place, items };
    }
    if (!isScalar(node)) return { kind: 'scalar', place, value: null };
    if (isEmptyScalar(node)) return { kind: 'scalar', place: fallback, value: null };
    const spelt = typeof node.value === 'number' && node.source !== undefined ? { source: node.source } : {};
    return { kind: 'scalar', place, value: node.value, ...spelt };
  }

  #alias(target: Node | undefined, place: Place, path: Path, depth: number): TreeNode {
    if (!target) {
      this.#report.error(
        place,
        path,
        'is a YAML alias (*name) without an anchor (&name) before it; put text that begins with * in quotes',
      );
      return broken(place);
    }
    return this.build(target, place, path, depth + 1);
  }

  #entries(map: YAMLMap, mapPlace: Place, path: Path, depth: number): Map<string, Entry> {
    const entries = new Map<string, Entry>();
    for (const pair of map.items) {
      const keyPlace = this.#place(pair.key as Node | null, mapPlace);
      const name = this.#keyName(pair.key);
      if (name === undefined) {
        this.#report.error(keyPlace, path, 'a key must be a text; put it in quotes');
        continue;
      }
      const first = entries.get(name);
      if (first) {
        this.#report.error(
          keyPlace,
          [...path, name],
          `stands twice, first in line ${first.keyPlace.line}; keep one of them`,
        );
        continue;
      }
      entries.set(name, { keyPlace, node: this.build(pair.value, keyPlace, [...path, name], depth + 1) });
    }
    return entries;
  }

  #place(node: Partial<ParsedNode> | Node | null | undefined, fallback: Place): Place {
    if (!node?.range) return fallback;
    const { line, col } = this.#lines.linePos(node.range[0]);
    return { line, column: col };
  }

  #keyName(key: unknown): string | undefined {
    if (!this.#library.isScalar(key)) return undefined;
    if (typeof key.value === 'string') return key.value;
    return key.source === '' ? undefined : key.source;
  }
}

function broken(place: Place): ScalarNode {
  return { kind: 'scalar', place, value: null, broken: true };
}
