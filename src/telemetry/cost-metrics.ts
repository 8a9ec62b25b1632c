import { Counter, type Registry } from 'prom-client';
import type { UsageRecord } from '../types/usage-record.ts';

/** Keys beyond these share the label `other`. */
const mostKeys = 1000;

/** What calls cost, by the keys that made them. A cost that is not known is counted as such, never as nothing. */
export class CostMetrics {
  readonly #dollars: Counter<'key'>;
  readonly #unpriced: Counter<'key'>;
  readonly #keys = new Map<string, { readonly dollars: Incremented; unpriced: Incremented | undefined }>();

  constructor(registry: Registry) {
    const registers = [registry];
    this.#dollars = new Counter({
      name: 'headrace_cost_dollars_total',
      help: 'US dollars that calls cost whose price is known, by key',
      labelNames: ['key'],
      registers,
    });
    this.#unpriced = new Counter({
      name: 'headrace_unpriced_calls_total',
      help: 'Calls whose cost is not known, by key',
      labelNames: ['key'],
      registers,
    });
  }

  ended({ caller, cost, usageSource }: UsageRecord): void {
    if (usageSource === undefined) return; // nobody wanted to know
    const name = this.#keys.has(caller) || this.#keys.size < mostKeys ? caller : 'other';
    let key = this.#keys.get(name);
    if (key === undefined) {
      key = { dollars: this.#dollars.labels({ key: name }), unpriced: undefined };
      this.#keys.set(name, key);
    }
    if (cost !== undefined) key.dollars.inc(cost / 1e9);
    else {
      key.unpriced ??= this.#unpriced.labels({ key: name });
      key.unpriced.inc(1);
    }
  }
}

interface Incremented {
  inc(value: number): void;
}
