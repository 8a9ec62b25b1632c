import type { ConcurrencyConfig } from '../config/backend-config.ts';

/** What a worker process says to the process that holds the places. */
export type SlotsRequest =
  /** How many places a backend has; the last one to say so is right. Undefined: unlimited. */
  | { readonly type: 'slots:configure'; readonly name: string; readonly config: ConcurrencyConfig | undefined }
  | {
      readonly type: 'slots:take';
      readonly id: number;
      readonly name: string;
      readonly caller: string;
      readonly nice: boolean;
      /** Milliseconds that are left, since processes have clocks of their own; undefined: there is no such time. */
      readonly leftMs: number | undefined;
    }
  /** It wants no place any more, or gives it back. */
  | { readonly type: 'slots:end'; readonly id: number };

/** How the places of a backend stand. */
export interface SlotsState {
  readonly isFull: boolean;
  readonly expectedWaitMs: number;
}

/** What the process that holds the places says to a worker. */
export type SlotsResponse =
  | { readonly type: 'slots:given'; readonly id: number; readonly state: SlotsState }
  | {
      readonly type: 'slots:refused';
      readonly id: number;
      readonly message: string;
      readonly retryAfterMs: number;
      readonly state: SlotsState;
    }
  | { readonly type: 'slots:state'; readonly name: string; readonly state: SlotsState };

export function isSlotsRequest(message: unknown): message is SlotsRequest {
  const type = typeOf(message);
  return type === 'slots:configure' || type === 'slots:take' || type === 'slots:end';
}

export function isSlotsResponse(message: unknown): message is SlotsResponse {
  const type = typeOf(message);
  return type === 'slots:given' || type === 'slots:refused' || type === 'slots:state';
}

function typeOf(message: unknown): unknown {
  return typeof message === 'object' && message !== null ? (message as { type?: unknown }).type : undefined;
}
