/** The storage cannot be used as it is configured: the gateway does not start. Says what to do, without secrets. */
export class StorageOpenError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.name = 'StorageOpenError';
  }
}
