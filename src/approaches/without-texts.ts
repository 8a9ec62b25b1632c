const mostItems = 100;
const mostDepth = 5;

/** The numbers, truth values and nulls of metadata. Its texts come from prompts and answers, and are left out. */
export function withoutTexts(metadata: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return recordOf(metadata, mostDepth);
}

function recordOf(value: object, depth: number): Record<string, unknown> {
  const kept = Object.entries(value).map(([name, one]) => [name, bare(one, depth - 1)] as const);
  return Object.fromEntries(kept.filter(([, one]) => one !== undefined).slice(0, mostItems));
}

/** Undefined: nothing of it may be told. */
function bare(value: unknown, depth: number): unknown {
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return value;
  if (typeof value !== 'object' || depth === 0) return undefined;
  if (!Array.isArray(value)) return recordOf(value, depth);
  const items = value.slice(0, mostItems).map((item) => bare(item, depth - 1));
  return items.filter((item) => item !== undefined);
}
