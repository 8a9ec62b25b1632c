import pino, { type DestinationStream } from 'pino';
import type { LogLevel } from '../config/config.ts';

/** What the gateway says of itself, as JSON lines. Never a prompt, an answer or a secret. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  /** Writes out what is buffered. */
  flush(): void;
}

const flushMs = 250;
const bufferBytes = 64 * 1024;

/**
 * JSON lines on standard error, buffered for at most a quarter of a second; standard output stays for what people read.
 * @param destination somewhere else to write to
 */
export function openLog(level: LogLevel, destination?: DestinationStream): Log {
  const sink =
    destination ?? pino.destination({ fd: 2, sync: false, minLength: bufferBytes, maxWrite: 2 * bufferBytes });
  const logger = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, sink);
  const flush = () => {
    if ('flushSync' in sink && typeof sink.flushSync === 'function') {
      try {
        sink.flushSync();
      } catch {
        // Standard error is gone or not open yet: there is nowhere left to say so.
      }
    }
  };
  if (destination === undefined) setInterval(() => logger.flush(), flushMs).unref();
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
    flush,
  };
}
