const colon = 0x3a;
const quote = 0x22;

/**
 * Where the text of a field begins, behind its quote.
 * @param at behind the field's key
 * @returns undefined where something else than a text stands there
 */
export function textOfField(bytes: Buffer, at: number): number | undefined {
  const afterKey = skipSpace(bytes, at);
  if (bytes[afterKey] !== colon) return undefined;
  const value = skipSpace(bytes, afterKey + 1);
  return bytes[value] === quote ? value + 1 : undefined;
}

function skipSpace(bytes: Buffer, from: number): number {
  let at = from;
  while (bytes[at] === 0x20 || bytes[at] === 0x0a || bytes[at] === 0x0d || bytes[at] === 0x09) at++;
  return at;
}
