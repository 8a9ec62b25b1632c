import type { AdminOperation } from './operation.ts';
import * as schemas from './usage-schemas.ts';

/** What was used, and what is left. */
export const usageOperations = {
  getUsage: {
    id: 'getUsage',
    method: 'GET',
    path: '/admin/usage',
    summary: 'Sums of usage over a time, told apart by what is asked for',
    query: schemas.usageQuery,
    answers: { 200: { description: 'A page of sums; CSV with `format=csv`.', schema: schemas.usagePage } },
    errors: ['invalid_request', 'conflict', 'backend_unavailable'],
  },
  listCalls: {
    id: 'listCalls',
    method: 'GET',
    path: '/admin/usage/calls',
    summary: 'Single calls, the newest first; all of a time as CSV or NDJSON',
    query: schemas.callsQuery,
    answers: { 200: { description: 'A page of calls; CSV or NDJSON with `format`.', schema: schemas.callsPage } },
    errors: ['invalid_request', 'conflict', 'backend_unavailable'],
  },
  getLimits: {
    id: 'getLimits',
    method: 'GET',
    path: '/admin/limits',
    summary: 'How the limits of keys, teams and tags stand now',
    query: schemas.limitsQuery,
    answers: { 200: { description: 'A page of limits.', schema: schemas.limitsPage } },
    errors: ['invalid_request'],
  },
} as const satisfies Record<string, AdminOperation>;
