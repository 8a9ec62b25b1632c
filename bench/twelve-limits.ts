import { type Level, type Limit, limitId, type Period, type Resource } from '../src/limits/limit.ts';

const levels: readonly Level[] = [
  { kind: 'key', name: 'alice' },
  { kind: 'team', name: 'research' },
  { kind: 'tag', name: 'batch' },
];
const kinds: readonly (readonly [Resource, Period | undefined])[] = [
  ['requests', 'minute'],
  ['tokens', 'minute'],
  ['cost', 'month'],
  ['concurrent', undefined],
];
/** Three levels of four limits each, none of which is ever reached. */
export const limits: readonly Limit[] = levels.flatMap((level) =>
  kinds.map(([resource, period]) => ({
    id: limitId(level, resource, period),
    level,
    resource,
    period,
    maximum: 2 ** 50,
  })),
);
