import { readFile } from 'node:fs/promises';
import type { FileReport } from './report.ts';

/** Whether an error of the file system has one of these codes. */
export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}

/**
 * The text of a file without a byte order mark; `missing` where there is no such file.
 * What else keeps it from being read goes to the report, and gives undefined.
 */
export async function readTextFile(
  path: string,
  report: FileReport,
): Promise<{ text: string } | 'missing' | undefined> {
  try {
    const bytes = await readFile(path);
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return 'missing';
    if (hasCode(error, 'ERR_ENCODING_INVALID_ENCODED_DATA')) {
      report.error({ line: 1, column: 1 }, [], 'must be UTF-8 text; save the file in that encoding');
      return undefined;
    }
    report.error(undefined, [], unreadable(error));
    return undefined;
  }
}

/** `cannot be read (EACCES); ...`, for any error of the file system. */
export function unreadable(error: unknown): string {
  if (hasCode(error, 'EISDIR')) return 'is a folder; a file is expected here';
  if (hasCode(error, 'EACCES', 'EPERM')) return 'cannot be read: permission denied; check its owner and mode';
  if (error instanceof Error && 'code' in error) return `cannot be read (${String(error.code)})`;
  throw error;
}
