/** Where the ledger speaks. */
export interface LedgerLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Counts what is lost and tells what goes wrong: each thing once, until all is well again. */
export class LedgerTroubles {
  readonly #log: LedgerLog;
  #lost = 0;
  /** Why calls are lost, as it was said. */
  #losing: string | undefined;
  /** What is wrong with the folder, as it was said. */
  #folder: string | undefined;

  constructor(log: LedgerLog) {
    this.#log = log;
  }

  /** Calls since the start of which there is no row. */
  get lost(): number {
    return this.#lost;
  }

  lose(rows: number, why: string): void {
    this.#lost += rows;
    if (this.#losing === why) return;
    this.#losing = why;
    this.#log.error({ rows, why }, 'usage is lost');
  }

  loseCounters(counters: number, error: unknown): void {
    const fields = { counters, error: String(error) };
    this.#log.error(fields, 'counters of limits are lost, since the store refuses them');
  }

  /** @param what such as `is full` */
  folder(what: string): void {
    if (this.#folder === what) return;
    this.#folder = what;
    this.#log.error({}, `the folder for usage that waits ${what}`);
  }

  folderIsFine(): void {
    this.#folder = undefined;
  }

  damaged(file: string, rows: number, error: unknown): void {
    this.#log.error({ file, rows, error: String(error) }, 'a file of usage that waited is damaged');
    this.lose(rows, 'their file is damaged');
  }

  notRemoved(error: unknown): void {
    const fields = { error: String(error) };
    this.#log.warn(fields, 'usage that was delivered cannot be removed; it is delivered again, and counts once');
  }

  allWritten(): void {
    this.folderIsFine();
    if (this.#losing === undefined) return;
    this.#losing = undefined;
    this.#log.warn({ lost: this.#lost }, 'usage is written again; some of it was lost since the start');
  }
}
