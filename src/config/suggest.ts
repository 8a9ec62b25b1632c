/** The number of letters to add, drop, exchange or swap with a neighbour to turn one text into the other. */
export function editDistance(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j <= to.length; j++) {
      const same = from[i - 1] === to[j - 1] ? 0 : 1;
      let best = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + same);
      if (i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]) {
        best = Math.min(best, (beforeLast[j - 2] ?? 0) + 1);
      }
      row.push(best);
    }
    beforeLast = last;
    last = row;
  }
  return last[to.length] ?? 0;
}

const longestName = 80;

/** The candidate that was most likely meant, or undefined where none is near. */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  const asked = name.slice(0, longestName).toLowerCase().replaceAll('-', '_');
  let found: string | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const known = candidate.toLowerCase().replaceAll('-', '_');
    const contained = asked.length >= 3 && (known.includes(asked) || (known.length >= 3 && asked.includes(known)));
    const distance = editDistance(asked, known);
    const limit = Math.max(1, Math.floor(Math.max(asked.length, known.length) / 3));
    if ((contained || distance <= limit) && distance < least) {
      found = candidate;
      least = distance;
    }
  }
  return found;
}

/** ` (did you mean x?)`, or nothing where no candidate is near. */
export function didYouMean(name: string, candidates: Iterable<string>): string {
  const found = nearest(name, candidates);
  return found === undefined ? '' : ` (did you mean ${found}?)`;
}
