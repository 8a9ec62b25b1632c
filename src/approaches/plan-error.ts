/** What is wrong with the name or the parameters of an approach; its message says what to write instead. */
export class PlanError extends Error {
  /** Of the parameters, where it is one of those. */
  readonly path: readonly (string | number)[];

  constructor(message: string, path: readonly (string | number)[] = []) {
    super(message);
    this.name = 'PlanError';
    this.path = path;
  }
}
