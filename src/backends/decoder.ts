import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';

export interface Decoder {
  write(chunk: Buffer): void;
  end(): void;
}

export interface DecoderHandlers {
  data(chunk: Buffer): void;
  end(): void;
  fail(why: string): void;
}

const factories = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
} as const;

/** Undoes a content encoding, piece by piece, for backends that compress though they were asked not to. */
export function createDecoder(encoding: string, handlers: DecoderHandlers): Decoder | undefined {
  if (!Object.hasOwn(factories, encoding)) return undefined;
  const stream = factories[encoding as keyof typeof factories]();
  stream.on('data', (chunk: Buffer) => handlers.data(chunk));
  stream.on('end', () => handlers.end());
  stream.on('error', (error: Error) => handlers.fail(`a broken ${encoding} body (${error.message})`));
  return {
    write: (chunk) => {
      stream.write(chunk);
    },
    end: () => {
      stream.end();
    },
  };
}
