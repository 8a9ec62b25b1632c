import type { CounterChange } from '../counter-change.ts';
import type { LeaseSlot } from './lease-slot.ts';

/** What is stored of limits in their periods. */
export type LoadUsed = (
  periods: readonly { readonly limitId: string; readonly periodStart: number }[],
) => Promise<readonly CounterChange[]>;

/**
 * Tells slots what was used of their periods.
 * @param loadUsed undefined: nothing is stored
 */
export async function loadSlots(slots: readonly LeaseSlot[], loadUsed: LoadUsed | undefined): Promise<void> {
  const periods = slots.map(({ limit, start }) => ({ limitId: limit.id, periodStart: start }));
  const found = (await loadUsed?.(periods)) ?? [];
  const used = new Map(found.map((one) => [`${one.periodStart} ${one.limitId}`, one.used]));
  for (const slot of slots) slot.begin(used.get(`${slot.start} ${slot.limit.id}`) ?? 0, loadUsed !== undefined);
}
