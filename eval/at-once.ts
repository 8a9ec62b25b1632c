/**
 * Does something for each entry, so many at a time, in order.
 * @param isOver asked before each: true ends it, and the rest is left out
 * @returns what came of each that was begun
 */
export async function atOnce<Entry, Result>(
  entries: readonly Entry[],
  limit: number,
  act: (entry: Entry, index: number) => Promise<Result>,
  isOver: () => boolean = () => false,
): Promise<Result[]> {
  const results: Result[] = [];
  let next = 0;
  const work = async () => {
    while (next < entries.length && !isOver()) {
      const index = next++;
      results[index] = await act(entries[index] as Entry, index);
    }
  };
  await Promise.all(Array.from({ length: limit }, work));
  return results;
}
