import { join } from 'node:path';
import * as syntax from 'typescript/unstable/ast';
import { API } from 'typescript/unstable/sync';

/** A function and how many lines it has, from its first to the line of its last brace. */
export interface FunctionSize {
  readonly file: string;
  readonly name: string;
  /** Where it begins, from 1 on. */
  readonly line: number;
  readonly lines: number;
}

/**
 * Every function of some TypeScript and JavaScript files, by the compiler's own parser.
 * The callbacks of `describe` are left out: they are the chapters of a test, not functions.
 * @param files absolute paths
 */
export function measureScripts(folder: string, files: readonly string[]): FunctionSize[] {
  const project = join(folder, 'tsconfig.check-size.json'); // exists for the parser alone
  const compilerOptions = {
    allowJs: true,
    allowImportingTsExtensions: true,
    noEmit: true,
    noLib: true,
    noResolve: true,
  };
  const text = JSON.stringify({ compilerOptions: { ...compilerOptions, types: [] }, files });
  const api = new API({
    cwd: folder,
    fs: {
      readFile: (name) => (name === project ? text : undefined),
      fileExists: (name) => (name === project ? true : undefined),
    },
  });
  try {
    const { program } = api.updateSnapshot({ openProject: project }).getProjects()[0] as { program: Program };
    return files.flatMap((file) => {
      const source = program.getSourceFile(file);
      if (source === undefined) throw new Error(`the compiler does not read ${file}`);
      return measureNode(source, source, file);
    });
  } finally {
    api.close();
  }
}

interface Program {
  getSourceFile(file: string): syntax.SourceFile | undefined;
}

function measureNode(node: syntax.Node, source: syntax.SourceFile, file: string): FunctionSize[] {
  const sizes: FunctionSize[] = [];
  if (syntax.isFunctionLikeDeclaration(node) && !isChapter(node)) {
    const first = source.getLineAndCharacterOfPosition(node.getStart(source)).line;
    const last = source.getLineAndCharacterOfPosition(node.end).line;
    sizes.push({ file, name: nameOf(node), line: first + 1, lines: last - first + 1 });
  }
  node.forEachChild((child) => {
    sizes.push(...measureNode(child, source, file));
  });
  return sizes;
}

function isChapter(node: syntax.Node): boolean {
  const { parent } = node;
  if (!syntax.isCallExpression(parent) || parent.expression === node) return false;
  return /^describe\b/.test(parent.expression.getText());
}

function nameOf(node: syntax.Node): string {
  if (syntax.isConstructorDeclaration(node)) return 'constructor';
  const named = 'name' in node && node.name ? node : node.parent;
  const name = 'name' in named ? (named.name as syntax.Node | undefined) : undefined;
  return name?.getText() ?? '(anonymous)';
}
