import type { JsonWriter } from './json-writer.ts';
import { Losses } from './losses.ts';
import { TraceBatch } from './trace-batch.ts';

/** The result of OpenTelemetry's exporters: 0 where all went well. */
export interface SendResult {
  readonly code: number;
  readonly error?: Error;
}

/** Sends batches of spans; it never rejects. */
export interface BatchSender {
  send(batch: Buffer): Promise<SendResult>;
  shutdown(): Promise<void>;
}

export interface SpanBatchesOptions {
  /** What stands before the spans of a batch, and behind them. */
  readonly frame: { readonly head: string; readonly tail: string };
  readonly scheduledDelayMs: number;
  /** Spans that may wait. */
  readonly maximumQueue: number;
  readonly batchSize: number;
  /** How long sending may take at the end of the process. */
  readonly exportTimeoutMs: number;
  /** Told when spans begin to be lost, and why. */
  readonly failed: (why: string) => void;
  /** Told when spans arrive again, and how many were lost. */
  readonly recovered: (lost: number) => void;
}

/** Of batches that were sent so much memory is kept to be filled again, and none that has become very large. */
const kept = { batches: 2, bytes: 2 * 1024 * 1024 };

/** Sends spans, many at once and one batch at a time; what is too much is dropped. */
export class SpanBatches {
  readonly #sender: BatchSender;
  readonly #options: SpanBatchesOptions;
  readonly #losses: Losses;
  /** Those that are full, the oldest first. */
  readonly #full: TraceBatch[] = [];
  #open: TraceBatch | undefined;
  readonly #spares: Buffer<ArrayBuffer>[] = [];
  /** Spans in all of them. */
  #waiting = 0;
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;

  constructor(sender: BatchSender, options: SpanBatchesOptions) {
    this.#sender = sender;
    this.#options = options;
    this.#losses = new Losses(options);
  }

  /**
   * @param count how many spans there are
   * @param write writes one of them, by its number from 0 on, as OTLP's JSON; it is not called where they would be dropped
   */
  add(count: number, write: (index: number, writer: JsonWriter) => void): void {
    const { maximumQueue, batchSize, scheduledDelayMs } = this.#options;
    if (this.#waiting + count > maximumQueue) {
      this.#losses.lose(count, 'more spans come than are taken');
      return;
    }
    for (let index = 0; index < count; index++) this.#put((writer) => write(index, writer));
    if (this.#waiting >= batchSize) this.#start();
    else this.#timer ??= setTimeout(() => this.#start(), scheduledDelayMs).unref();
  }

  /** Sends what there is, within the export's time limit. */
  async close(): Promise<void> {
    const end = performance.now() + this.#options.exportTimeoutMs;
    while ((this.#sending !== undefined || this.#waiting > 0) && performance.now() < end) {
      this.#start();
      const left = Math.max(1, end - performance.now());
      await Promise.race([this.#sending, new Promise((resolve) => setTimeout(resolve, left).unref())]);
    }
    clearTimeout(this.#timer);
    await this.#sender.shutdown();
  }

  #put(write: (writer: JsonWriter) => void): void {
    const { frame, batchSize } = this.#options;
    this.#open ??= new TraceBatch(frame.head, frame.tail, this.#spares.pop());
    this.#open.add(write);
    this.#waiting++;
    if (this.#open.spans < batchSize) return;
    this.#full.push(this.#open);
    this.#open = undefined;
  }

  #start(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#sending !== undefined || this.#waiting === 0) return;
    this.#sending = this.#send().finally(() => {
      this.#sending = undefined;
      if (this.#waiting >= this.#options.batchSize) this.#start();
      else if (this.#waiting > 0) {
        this.#timer ??= setTimeout(() => this.#start(), this.#options.scheduledDelayMs).unref();
      }
    });
  }

  async #send(): Promise<void> {
    let batch = this.#full.shift();
    if (batch === undefined) {
      batch = this.#open;
      this.#open = undefined;
    }
    if (batch === undefined) return;
    const { spans } = batch;
    this.#waiting -= spans;
    const { code, error } = await this.#sender.send(batch.end());
    if (code !== 0) {
      this.#losses.lose(spans, error?.message ?? 'the receiver refused them');
      return; // its bytes may still be on their way
    }
    this.#losses.recover();
    const { memory } = batch;
    if (memory.length <= kept.bytes && this.#spares.length < kept.batches) this.#spares.push(memory);
  }
}
