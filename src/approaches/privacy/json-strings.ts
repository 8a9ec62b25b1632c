/**
 * JSON in a text with other strings in it, names of members too; the rest stays as it is written, numbers too.
 * @returns undefined: it is no JSON
 */
export function changeStrings(text: string, change: (value: string) => string): string | undefined {
  try {
    JSON.parse(text);
  } catch {
    return undefined;
  }
  return text.replace(/"[^"\\]*(?:\\[\s\S][^"\\]*)*"/g, (written) => {
    const value = JSON.parse(written) as string;
    const changed = change(value);
    return changed === value ? written : JSON.stringify(changed);
  });
}
