import { gatewayOperations } from './gateway-operations.ts';
import { groupOperations } from './group-operations.ts';
import { keyOperations } from './key-operations.ts';
import type { AdminOperation } from './operation.ts';
import { usageOperations } from './usage-operations.ts';

/** Everything that the admin API does. Another room of it is one more line here, and its handlers in `handlers.ts`. */
export const adminOperations = {
  ...gatewayOperations,
  ...keyOperations,
  ...groupOperations,
  ...usageOperations,
} as const satisfies Record<string, AdminOperation>;

export type AdminOperationId = keyof typeof adminOperations;
