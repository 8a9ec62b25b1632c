import pino, { type DestinationStream } from 'pino';
import type { LogLevel } from '../config/config.ts';
import { LineBuffer } from './line-buffer.ts';

/** What the gateway says of itself, as JSON lines. Never a prompt, an answer or a secret. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  /** The least severe messages that are written from now on. */
  setLevel(level: LogLevel): void;
  /** Writes out what is buffered. */
  flush(): Promise<void>;
}

/**
 * JSON lines on standard error, buffered for at most a quarter of a second; standard output stays for what people read.
 * @param destination somewhere else to write to, unbuffered
 */
export function openLog(level: LogLevel, destination?: DestinationStream): Log {
  const buffer = destination === undefined ? new LineBuffer(2) : undefined;
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  const logger = pino(options, buffer ?? (destination as DestinationStream));
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
    setLevel: (next) => {
      logger.level = next;
    },
    flush: async () => buffer?.flush(),
  };
}
