import { Counter, Gauge, type Registry } from 'prom-client';

/** How the ledger of usage fares. Rows are calls. */
export interface UsageNumbers {
  readonly store: 'ok' | 'lost';
  /** In memory. */
  readonly waiting: number;
  /** On disk. */
  readonly spooled: number;
  readonly spooledBytes: number;
  /** Since the start. */
  readonly written: number;
  readonly lost: number;
}

/** The metrics of the ledger, as asked when the page is written. */
export function observeUsage(registry: Registry, ask: () => UsageNumbers): void {
  const registers = [registry];
  const store: Gauge = new Gauge({
    name: 'headrace_usage_store_up',
    help: 'Whether usage can be written (1), or waits since the storage is gone (0)',
    aggregator: 'min', // over several processes
    registers,
    collect: (): void => store.set(ask().store === 'ok' ? 1 : 0),
  });
  const waiting: Gauge<'where'> = new Gauge({
    name: 'headrace_usage_rows_waiting',
    help: 'Calls whose usage is not written yet, by where they wait: memory, disk',
    labelNames: ['where'],
    registers,
    collect: (): void => {
      const { waiting: inMemory, spooled } = ask();
      waiting.set({ where: 'memory' }, inMemory);
      waiting.set({ where: 'disk' }, spooled);
    },
  });
  const bytes: Gauge = new Gauge({
    name: 'headrace_usage_spool_bytes',
    help: 'Bytes of usage that wait on disk',
    registers,
    collect: (): void => bytes.set(ask().spooledBytes),
  });
  const rows: Counter<'outcome'> = new Counter({
    name: 'headrace_usage_rows_total',
    help: 'Calls whose usage was written, or was lost for want of room or since the storage refuses it',
    labelNames: ['outcome'],
    registers,
    collect: (): void => {
      const { written, lost } = ask();
      rows.reset();
      rows.inc({ outcome: 'written' }, written);
      rows.inc({ outcome: 'lost' }, lost);
    },
  });
}
