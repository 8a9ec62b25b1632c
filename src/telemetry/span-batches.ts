import type { FinishedSpan } from './finished-span.ts';

/** The part of OpenTelemetry's `SpanExporter` that is used. */
export interface SpanExporter {
  export(spans: FinishedSpan[], done: (result: { readonly code: number; readonly error?: Error }) => void): void;
  shutdown(): Promise<void>;
}

export interface SpanBatchesOptions {
  readonly scheduledDelayMs: number;
  readonly maximumQueue: number;
  readonly batchSize: number;
  /** How long sending may take at the end of the process. */
  readonly exportTimeoutMs: number;
  /** Told when spans begin to be lost, and why. */
  readonly failed: (why: string) => void;
  /** Told when spans arrive again, and how many were lost. */
  readonly recovered: (lost: number) => void;
}

/** Hands spans to an exporter, many at once and one batch at a time; what is too much for it is dropped. */
export class SpanBatches {
  readonly #exporter: SpanExporter;
  readonly #options: SpanBatchesOptions;
  #queue: FinishedSpan[] = [];
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;
  #lost = 0;
  #failing = false;

  constructor(exporter: SpanExporter, options: SpanBatchesOptions) {
    this.#exporter = exporter;
    this.#options = options;
  }

  add(spans: readonly FinishedSpan[]): void {
    const { maximumQueue, batchSize, scheduledDelayMs } = this.#options;
    if (this.#queue.length + spans.length > maximumQueue) {
      this.#lose(spans.length, 'more spans come than are taken');
      return;
    }
    this.#queue.push(...spans);
    if (this.#queue.length >= batchSize) this.#start();
    else this.#timer ??= setTimeout(() => this.#start(), scheduledDelayMs).unref();
  }

  /** Sends what there is, within the export's time limit. */
  async close(): Promise<void> {
    const end = performance.now() + this.#options.exportTimeoutMs;
    while ((this.#sending !== undefined || this.#queue.length > 0) && performance.now() < end) {
      this.#start();
      const left = Math.max(1, end - performance.now());
      await Promise.race([this.#sending, new Promise((resolve) => setTimeout(resolve, left).unref())]);
    }
    clearTimeout(this.#timer);
    await this.#exporter.shutdown();
  }

  #start(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#sending !== undefined || this.#queue.length === 0) return;
    this.#sending = this.#send().finally(() => {
      this.#sending = undefined;
      if (this.#queue.length >= this.#options.batchSize) this.#start();
      else if (this.#queue.length > 0) {
        this.#timer ??= setTimeout(() => this.#start(), this.#options.scheduledDelayMs).unref();
      }
    });
  }

  #send(): Promise<void> {
    const spans = this.#queue.splice(0, this.#options.batchSize);
    return new Promise((resolve) => {
      this.#exporter.export(spans, ({ code, error }) => {
        if (code === 0) this.#recover();
        else this.#lose(spans.length, error?.message ?? 'the receiver refused them');
        resolve();
      });
    });
  }

  #lose(spans: number, why: string): void {
    this.#lost += spans;
    if (this.#failing) return;
    this.#failing = true;
    this.#options.failed(why);
  }

  #recover(): void {
    if (!this.#failing) return;
    this.#failing = false;
    this.#options.recovered(this.#lost);
    this.#lost = 0;
  }
}
