// Compiles src/ into dist/, which is what the published package holds, and sees that the result runs:
//   npm run build
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const source = join(root, 'src');
const target = join(root, 'dist');

/** A file that is read at run time as it stands, such as a vendor's YAML: everything that is neither code nor a test. */
function isData(path: string): boolean {
  return !path.endsWith('.ts') && !basename(path).includes('.golden.');
}

function compile(): void {
  rmSync(target, { recursive: true, force: true });
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { status, error } = spawnSync(process.execPath, [compiler, '--project', join(root, 'tsconfig.build.json')], {
    stdio: 'inherit',
  });
  if (error) throw error;
  if (status !== 0) throw new Error('the compiler found mistakes; nothing was built');
}

/** Copies the data files. Returns how many. */
function copyData(): number {
  const files = readdirSync(source, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter(isData);
  for (const file of files) cpSync(file, join(target, file.slice(source.length)), { preserveTimestamps: true });
  return files.length;
}

/** Runs the built command line. */
function run(args: readonly string[], cwd: string): string {
  const command = [join(root, 'bin', 'headrace.cjs'), ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { cwd, encoding: 'utf8', timeout: 60_000 });
  if (status !== 0) throw new Error(`the built "headrace ${args.join(' ')}" ended with ${status}:\n${stdout}${stderr}`);
  return stdout.trim();
}

/** The version, every schema (so every vendor's file) and a configuration check, by the built code alone. */
function tryOut(): void {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const folder = mkdtempSync(join(tmpdir(), 'headrace-build-'));
  try {
    const said = run(['--version'], folder);
    if (said !== version) throw new Error(`the built headrace says version ${said}, package.json says ${version}`);
    run(['schema'], folder);
    run(['check'], folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

try {
  compile();
  const data = copyData();
  tryOut();
  const modules = readdirSync(target, { recursive: true }).filter((name) => String(name).endsWith('.js')).length;
  console.log(`dist: ${modules} modules, ${data} data files; bin/headrace.cjs runs`);
} catch (error) {
  console.error(`build: ${(error as Error).message}`);
  process.exitCode = 1;
}
