/** What is known of one node of a search tree. */
export interface Visited {
  visits: number;
  /** The sum of all rewards that came through it. */
  total: number;
}

/**
 * The child that UCT goes to: the greatest mean + exploration * sqrt(ln visits of the parent / visits).
 * @param children at least one
 * @returns of equal ones the first; one that was never visited goes before all others
 */
export function mostPromising<Node extends Visited>(
  parent: Visited,
  children: readonly Node[],
  exploration: number,
): Node {
  const bound = ({ visits, total }: Visited) =>
    visits === 0
      ? Number.POSITIVE_INFINITY
      : total / visits + exploration * Math.sqrt(Math.log(Math.max(parent.visits, 1)) / visits);
  return children.reduce((best, child) => (bound(child) > bound(best) ? child : best));
}
