import { access, copyFile, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { runToEnd } from './running-process.ts';

/**
 * Where llama.cpp's own `llama-server` comes from: the source archive of this PyPI package holds llama.cpp whole.
 * Only llama.cpp is compiled, nothing of the Python around it.
 */
const sourcePackage = {
  name: 'llama-cpp-python',
  version: '0.3.36',
  archive: 'llama_cpp_python-0.3.36.tar.gz',
  sha256: '832db0699007f1be95a7e41ef12e88926b02ba836461e36a36372db2760c1a2e',
} as const;

/**
 * A quick build that needs no further library, fetches nothing (the web interface would), and runs on any processor of
 * the same architecture, since the cache folder may be carried to another machine.
 */
const buildSettings: Readonly<Record<string, string>> = {
  CMAKE_BUILD_TYPE: 'Release',
  CMAKE_C_FLAGS_RELEASE: '-O1 -DNDEBUG',
  CMAKE_CXX_FLAGS_RELEASE: '-O1 -DNDEBUG',
  BUILD_SHARED_LIBS: 'OFF',
  GGML_NATIVE: 'OFF',
  GGML_SSE42: 'OFF',
  GGML_AVX: 'OFF',
  GGML_AVX2: 'OFF',
  GGML_BMI2: 'OFF',
  GGML_FMA: 'OFF',
  GGML_F16C: 'OFF',
  GGML_OPENMP: 'OFF',
  GGML_LLAMAFILE: 'OFF',
  GGML_CPU_REPACK: 'OFF',
  GGML_CCACHE: 'OFF',
  LLAMA_OPENSSL: 'OFF',
  LLAMA_BUILD_TESTS: 'OFF',
  LLAMA_BUILD_EXAMPLES: 'OFF',
  LLAMA_BUILD_APP: 'OFF',
  LLAMA_BUILD_UI: 'OFF',
  LLAMA_USE_PREBUILT_UI: 'OFF',
};

export interface InstallOptions {
  /** Called with each step that takes long. */
  readonly say: (text: string) => void;
  readonly signal: AbortSignal;
}

function cacheFolder(): string {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return process.env.HEADRACE_E2E_CACHE || join(cache, 'headrace-e2e');
}

/** The environment as it is: pip and cmake need what the machine has set for them (index, proxy, compilers). */
function inheritedEnvironment(): Record<string, string> {
  const entries = Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return Object.fromEntries(entries);
}

async function run(folder: string, signal: AbortSignal, command: string, ...args: string[]): Promise<void> {
  const environment = inheritedEnvironment();
  const { code, output } = await runToEnd({ command, arguments: args, environment, folder, signal, patient: true });
  if (code !== 0) {
    throw new Error(
      `"${command} ${args.slice(0, 2).join(' ')} ..." failed (${code ?? 'no exit code'}):\n${output.slice(-3000)}`,
    );
  }
}

/** Asks for every tool before the long download begins. */
async function requireTools(folder: string, signal: AbortSignal): Promise<void> {
  await run(folder, signal, 'python3', '-m', 'pip', '--version');
  await run(folder, signal, 'tar', '--version');
  await run(folder, signal, 'cmake', '--version');
}

async function download(folder: string, signal: AbortSignal): Promise<void> {
  const { name, version, sha256 } = sourcePackage;
  await writeFile(join(folder, 'requirements.txt'), `${name}==${version} --hash=sha256:${sha256}\n`);
  const options = ['--no-deps', '--no-binary', name, '--require-hashes', '--dest', '.'];
  await run(folder, signal, 'python3', '-m', 'pip', 'download', ...options, '--requirement', 'requirements.txt');
}

async function compile(folder: string, signal: AbortSignal): Promise<string> {
  const top = sourcePackage.archive.replace(/\.tar\.gz$/, '');
  await run(folder, signal, 'tar', 'xzf', sourcePackage.archive, `${top}/vendor/llama.cpp`);
  const settings = Object.entries(buildSettings).map(([name, value]) => `-D${name}=${value}`);
  await run(folder, signal, 'cmake', '-S', join(top, 'vendor', 'llama.cpp'), '-B', 'build', ...settings);
  await run(folder, signal, 'cmake', '--build', 'build', '--target', 'llama-server', '--parallel', '2');
  return join(folder, 'build', 'bin', 'llama-server');
}

async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, 1);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/**
 * The path of a true `llama-server`: the one that `HEADRACE_LLAMA_SERVER` names, or one that is compiled once into
 * the cache folder (`HEADRACE_E2E_CACHE`, default `${XDG_CACHE_HOME:-~/.cache}/headrace-e2e`). Compiling takes some
 * minutes and needs python3 with pip, cmake and a C++ compiler.
 * @throws Error with the last lines of the command that failed
 */
export async function installServer({ say, signal }: InstallOptions): Promise<string> {
  const given = process.env.HEADRACE_LLAMA_SERVER;
  if (given) return given;
  const cache = cacheFolder();
  const installed = join(cache, `llama-server-${sourcePackage.name}-${sourcePackage.version}`);
  if (await isExecutable(installed)) return installed;
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, 'building-'));
  try {
    await requireTools(folder, signal);
    say(`downloading ${sourcePackage.name} ${sourcePackage.version} (77 MB, once)`);
    await download(folder, signal);
    say(`compiling llama.cpp's llama-server into ${cache} (some minutes, once)`);
    const built = await compile(folder, signal);
    // Put in place by renaming, so that two runs at once never see half a file.
    await copyFile(built, join(folder, 'llama-server'));
    await rename(join(folder, 'llama-server'), installed);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return installed;
}
