import type { CaptureSettings } from '../config/config.ts';
import { captureLine } from './capture-line.ts';
import type { Log } from './log.ts';
import type { ObservedCall } from './observed-call.ts';
import type { Redactor } from './redactor.ts';
import { RotatingFiles } from './rotating-files.ts';

/** How long an exchange waits for the end of a backend's stream, of which the client has got all already. */
const lingerMs = 100;

/** Writes exchanges to files, off the request path. */
export class Capture {
  readonly #files: RotatingFiles;
  #waiting: { readonly call: ObservedCall; readonly redactor: Redactor }[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(settings: CaptureSettings, log: Log) {
    const { folder } = settings;
    this.#files = new RotatingFiles({
      ...settings,
      failed: (why) => log.warn({ folder, why }, 'exchanges cannot be captured'),
      recovered: (lost) => log.info({ folder, lost }, 'exchanges are captured again'),
    });
  }

  /** Takes a call that is over. */
  take(call: ObservedCall, redactor: Redactor): void {
    const isOpen = call.attempts.at(-1)?.wires.at(-1)?.closedAt === undefined && call.attempts.length > 0;
    if (!isOpen) {
      this.#files.write(captureLine(call, redactor, this.#files.room()));
      return;
    }
    this.#waiting.push({ call, redactor });
    this.#timer ??= setTimeout(() => this.#writeWaiting(), lingerMs).unref();
  }

  /** Writes out what there is. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#writeWaiting();
    await this.#files.close();
  }

  #writeWaiting(): void {
    this.#timer = undefined;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { call, redactor } of waiting) this.#files.write(captureLine(call, redactor, this.#files.room()));
  }
}
