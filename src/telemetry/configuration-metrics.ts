import { Gauge, type Registry } from 'prom-client';

/** How the last reload went, and the connectors by status. */
export interface ConfigurationNumbers {
  readonly ok: boolean;
  readonly connectors: Readonly<Record<string, number>>;
}

/** Adds what is asked of the configuration when the page is written. */
export function observeConfiguration(registry: Registry, ask: () => ConfigurationNumbers): void {
  const registers = [registry];
  const reload: Gauge = new Gauge({
    name: 'headrace_config_last_reload_successful',
    help: 'Whether the last configuration that was read was good (1) or wrong, so that an older one is in force (0)',
    aggregator: 'min', // over several processes
    registers,
    collect: (): void => reload.set(ask().ok ? 1 : 0),
  });
  const connectors: Gauge<'status'> = new Gauge({
    name: 'headrace_connectors',
    help: 'Connectors by status: active, pending (another package holds the name), deleted',
    labelNames: ['status'],
    aggregator: 'max',
    registers,
    collect: (): void => {
      for (const [status, number] of Object.entries(ask().connectors)) connectors.set({ status }, number);
    },
  });
}

/** Adds how many models of backends there are by what their breaker says. */
export function observeBreakers(registry: Registry, ask: () => Readonly<Record<string, number>>): void {
  const candidates: Gauge<'state'> = new Gauge({
    name: 'headrace_candidates',
    help: 'Models of backends by what their circuit breaker says, of each process: closed (trusted), open (left alone), half-open (probed)',
    labelNames: ['state'],
    registers: [registry],
    collect: (): void => {
      for (const [state, number] of Object.entries(ask())) candidates.set({ state }, number);
    },
  });
}
