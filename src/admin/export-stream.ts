import type { Exchange, HeaderList } from '../http/exchange.ts';

/** An answer in pieces, no faster than the client takes them. */
export function exportStream(exchange: Exchange, headers: HeaderList) {
  exchange.begin(200, headers);
  let drained: (() => void) | undefined;
  const goOn = () => drained?.();
  exchange.onDrain(goOn);
  exchange.signal.addEventListener('abort', goOn);
  return {
    write: async (piece: Buffer): Promise<void> => {
      if (piece.length === 0 || exchange.write(piece) || exchange.signal.aborted) return;
      await new Promise<void>((resolve) => {
        drained = resolve;
      });
    },
    end: () => exchange.end(),
  };
}
