import { setTimeout as sleep } from 'node:timers/promises';
import { GatewayError } from '../gateway-error.ts';

/**
 * Waits so many milliseconds.
 * @throws GatewayError where the client leaves meanwhile
 */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(milliseconds, undefined, { signal });
  } catch {
    throw new GatewayError('client_closed_request', 'the client went away');
  }
}
