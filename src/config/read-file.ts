import type { FileReport } from './report.ts';

/** Whether an error of the file system has one of these codes. */
export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}

/** The text of a file without a byte order mark; undefined where it is no text, which then is in the report. */
export function decodeText(bytes: Uint8Array, report: FileReport): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    if (!hasCode(error, 'ERR_ENCODING_INVALID_ENCODED_DATA')) throw error;
    report.error({ line: 1, column: 1 }, [], 'must be UTF-8 text; save the file in that encoding');
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
