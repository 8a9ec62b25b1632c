import { Agent } from 'node:http';
import { type Ask, askGateway, type Received } from './ask-gateway.ts';

export interface Exchange {
  readonly ask: Ask;
  readonly received: Received;
}

/** Sends so many requests, so many of them at a time. */
export async function sendAll(url: string, asks: readonly Ask[], atATime: number): Promise<Exchange[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: atATime });
  const exchanges: Exchange[] = [];
  const rest = asks.values();
  const work = async () => {
    for (const ask of rest) exchanges.push({ ask, received: await askGateway(url, ask, { agent }) });
  };
  await Promise.all(Array.from({ length: Math.min(atATime, asks.length) }, work));
  agent.destroy();
  return exchanges;
}

/** Requests of which half are streams, and half of these with their usage. */
export function makeAsks(count: number, model: string, run: string, first = 0): Ask[] {
  return Array.from({ length: count }, (_, at) => {
    const ask = first + at;
    const stream = at % 2 === 1;
    return { ask, nonce: `ask-${ask}-${run}`, model, stream, includeUsage: stream && at % 4 === 1 };
  });
}
