import { Gauge, type Registry } from 'prom-client';

/** Whether the store is there through which machines share limits, as asked when the page is written. */
export function observeLimits(registry: Registry, ask: () => { readonly ok: boolean }): void {
  const store: Gauge = new Gauge({
    name: 'headrace_limits_store_up',
    help: 'Whether the store through which machines share limits can be reached (1) or not (0)',
    aggregator: 'min', // over several processes
    registers: [registry],
    collect: (): void => store.set(ask().ok ? 1 : 0),
  });
}
