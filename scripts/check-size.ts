// Holds every file and function to a size at which it can be read at once: npm run size
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type FunctionSize, measureScripts } from './check-size-scripts.ts';
import { measureC, measurePython } from './check-size-text.ts';

const folders = ['src', 'test', 'scripts', 'bench', 'eval'];
const scripts = new Set(['.ts', '.cjs']);
const kinds = new Set([...scripts, '.c', '.py']);
/** From the first on there is a warning; past the second the check fails. */
const fileLines = { wanted: 250, allowed: 400 };
const functionLines = { wanted: 40, allowed: 80 };

export interface SizeReport {
  /** What is larger than allowed, a line each. */
  readonly errors: readonly string[];
  /** What is larger than wanted, a line each, the largest first. */
  readonly warnings: readonly string[];
  readonly files: number;
  readonly functions: number;
}

interface Size {
  readonly place: string;
  readonly lines: number;
  readonly bounds: { readonly wanted: number; readonly allowed: number };
}

/** Measures every file of code in the source folders of a checkout. */
export function checkSizes(root: string): SizeReport {
  const files = folders.flatMap((folder) => listFiles(join(root, folder)));
  const functions = measureFunctions(root, files);
  const sizes: Size[] = [
    ...files.map((file) => ({ place: relative(root, file), lines: countLines(file), bounds: fileLines })),
    ...functions.map(({ file, name, line, lines }) => ({
      place: `${relative(root, file)}:${line} ${name}`,
      lines,
      bounds: functionLines,
    })),
  ];
  const large = sizes
    .filter(({ lines, bounds }) => lines > bounds.wanted)
    .toSorted((one, two) => two.lines - one.lines);
  const tooLarge = large.filter(({ lines, bounds }) => lines > bounds.allowed);
  const describe = (size: Size, bound: number) => `${size.place}: ${size.lines} lines, more than ${bound}`;
  return {
    errors: tooLarge.map((size) => describe(size, size.bounds.allowed)),
    warnings: large.filter((size) => !tooLarge.includes(size)).map((size) => describe(size, size.bounds.wanted)),
    files: files.length,
    functions: functions.length,
  };
}

function listFiles(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && kinds.has(extname(entry.name)));
  return files.map((entry) => join(entry.parentPath, entry.name)).toSorted();
}

function measureFunctions(root: string, files: readonly string[]): FunctionSize[] {
  const ofKind = (kind: string) => files.filter((file) => extname(file) === kind);
  return [
    ...measureScripts(
      root,
      files.filter((file) => scripts.has(extname(file))),
    ),
    ...ofKind('.c').flatMap((file) => measureC(file, readFileSync(file, 'utf8'))),
    ...ofKind('.py').flatMap((file) => measurePython(file, readFileSync(file, 'utf8'))),
  ];
}

function countLines(file: string): number {
  const text = readFileSync(file, 'utf8');
  return text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
}

if (import.meta.main) {
  const { errors, warnings, files, functions } = checkSizes(fileURLToPath(new URL('..', import.meta.url)));
  for (const warning of warnings) console.log(`warning: ${warning}`);
  for (const error of errors) console.error(`error: ${error}`);
  console.log(
    `${files} files, ${functions} functions: ${errors.length} too large, ${warnings.length} larger than wanted`,
  );
  if (errors.length > 0) process.exitCode = 1;
}
