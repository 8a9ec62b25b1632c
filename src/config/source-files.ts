import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { hasCode, unreadable } from './read-file.ts';
import type { FileReport } from './report.ts';

/** What a configuration was read from. */
export interface Sources {
  /** The folder of `headrace.yaml` and `backends`, absolute; it need not exist. */
  readonly configDir: string;
  /**
   * The files that were looked for, by their absolute paths: the digest of the content, `missing`, or what kept them from
   * being read.
   */
  readonly contents: ReadonlyMap<string, string>;
}

/** Whether two runs have read the same. */
export function isSameContent(one: Sources, other: Sources): boolean {
  if (one.contents.size !== other.contents.size) return false;
  return [...one.contents].every(([path, content]) => other.contents.get(path) === content);
}

/** The bytes of a file, with their digest. */
export interface FileBytes {
  readonly bytes: Uint8Array;
  readonly digest: string;
}

/** The SHA-256 of bytes, in hexadecimal digits. */
export function digestOf(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'hex');
}

/** What `Sources` say of a file as it is now. */
export async function contentOf(path: string): Promise<string> {
  try {
    return digestOf(await readFile(path));
  } catch (error) {
    return describeFailure(error);
  }
}

function describeFailure(error: unknown): string {
  if (hasCode(error, 'ENOENT', 'ENOTDIR')) return 'missing';
  return String((error as { code?: unknown }).code ?? error);
}

/** Reads the files of one run, and keeps what each of them was. */
export class SourceFiles {
  readonly contents = new Map<string, string>();

  /** `missing`: there is no such file. What else keeps it from being read goes to the report, and gives undefined. */
  async read(path: string, report: FileReport): Promise<FileBytes | 'missing' | undefined> {
    try {
      const bytes = await readFile(path);
      const digest = digestOf(bytes);
      this.contents.set(path, digest);
      return { bytes, digest };
    } catch (error) {
      const failure = describeFailure(error);
      this.contents.set(path, failure);
      if (failure === 'missing') return failure;
      report.error(undefined, [], unreadable(error));
      return undefined;
    }
  }
}
