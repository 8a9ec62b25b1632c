import { readFile } from 'node:fs/promises';
import { type Document, isMap, isNode, isPair, isScalar, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import type { MockScript } from './mock-reply.ts';
import { nearestName } from './nearest-name.ts';
import { knownNames, scriptSchema } from './script-schema.ts';

/** A script file that cannot be used. Its message is one line per problem: `file:line:column: path: what is wrong`. */
export class ScriptError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'ScriptError';
    this.problems = problems;
  }
}

/** Reads a script in YAML or JSON: a mapping as `MockScript` has it, or a list of replies. Throws a ScriptError. */
export async function loadScript(file: string): Promise<MockScript> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new ScriptError([`${file}: cannot be read: ${error instanceof Error ? error.message : String(error)}`]);
  }
  return parseScript(text, file);
}

/** The same for a text; `file` is for messages. */
export function parseScript(text: string, file: string): MockScript {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0) {
    throw new ScriptError(faults.map(({ pos, message }) => `${place(pos[0])}: ${message}`));
  }
  const value: unknown = document.toJS();
  const isList = Array.isArray(value);
  const result = scriptSchema.safeParse(isList ? { replies: value } : value);
  if (result.success) return result.data;
  const problems = result.error.issues.flatMap(problemsOf).map(({ path, onKey, message }) => {
    const inFile = isList ? path.slice(1) : path;
    const name = inFile.length > 0 ? `${pathText(inFile)}: ` : '';
    return { offset: offsetOf(document, inFile, onKey), text: name + message };
  });
  problems.sort((one, other) => one.offset - other.offset);
  throw new ScriptError(problems.map(({ offset, text: what }) => `${place(offset)}: ${what}`));
}

type Path = readonly (string | number)[];

interface ScriptProblem {
  readonly path: Path;
  /** Whether the key itself is wrong, and not its value. */
  readonly onKey: boolean;
  readonly message: string;
}

function problemsOf(issue: z.core.$ZodIssue): ScriptProblem[] {
  const path = issue.path.map((step) => (typeof step === 'number' ? step : String(step)));
  if (issue.code !== 'unrecognized_keys') return [{ path, onKey: false, message: issue.message }];
  return issue.keys.map((key) => {
    const nearest = nearestName(key, knownNames);
    const hint = nearest === undefined ? '' : `, did you mean ${nearest}?`;
    return { path: [...path, key], onKey: true, message: `unknown field${hint}` };
  });
}

function pathText(path: Path): string {
  const steps = path.map((step) => {
    if (typeof step === 'number') return `[${step}]`;
    return /^[A-Za-z0-9_-]+$/.test(step) ? `.${step}` : `.${JSON.stringify(step)}`;
  });
  return steps.join('').replace(/^\./, '');
}

/** Where the value of this path begins, or its key; of a path that is not there, the nearest one around it. */
function offsetOf(document: Document, path: Path, onKey: boolean): number {
  if (onKey) {
    const parent = path.length > 1 ? document.getIn(path.slice(0, -1), true) : document.contents;
    const pairs = isMap(parent) ? parent.items.filter(isPair) : [];
    const key = pairs.find((pair) => isScalar(pair.key) && String(pair.key.value) === path.at(-1))?.key;
    if (isScalar(key) && key.range) return key.range[0];
  }
  const node = path.length > 0 ? document.getIn(path, true) : document.contents;
  if (isNode(node) && node.range) return node.range[0];
  return path.length > 0 ? offsetOf(document, path.slice(0, -1), false) : 0;
}
