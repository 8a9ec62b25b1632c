const mostItems = 100;
const mostDepth = 5;

/** What stages tell in words of their own, out of a list that is known beforehand. */
const ownWords: ReadonlySet<string> = new Set(['routed', 'skipped', 'spl']);
const longestWord = 200;

/**
 * The numbers, truth values and nulls of metadata. Its texts come from prompts and answers and are left out, but for those
 * of a stage's own: the approach that was chosen, why one was skipped, the type of a question.
 */
export function withoutTexts(metadata: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return recordOf(metadata, mostDepth);
}

function recordOf(value: object, depth: number, isOwn = false): Record<string, unknown> {
  const kept = Object.entries(value).map(
    ([name, one]) => [name, bare(one, depth - 1, isOwn || ownWords.has(name))] as const,
  );
  return Object.fromEntries(kept.filter(([, one]) => one !== undefined).slice(0, mostItems));
}

/** Undefined: nothing of it may be told. */
function bare(value: unknown, depth: number, isOwn: boolean): unknown {
  if (typeof value === 'string') return isOwn ? value.slice(0, longestWord) : undefined;
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return value;
  if (typeof value !== 'object' || depth === 0) return undefined;
  if (!Array.isArray(value)) return recordOf(value, depth, isOwn);
  const items = value.slice(0, mostItems).map((item) => bare(item, depth - 1, isOwn));
  return items.filter((item) => item !== undefined);
}
