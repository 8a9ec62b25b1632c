import * as z from 'zod';
import type { AdminOperation } from './operation.ts';

const setting = z
  .strictObject({
    name: z.string().describe('As in the file, with dots between.'),
    value: z.unknown().describe('Of a secret at most where it comes from and its last characters.').optional(),
    source: z.string().describe('`file:line:column`, a flag, a variable or `default`.'),
  })
  .meta({ id: 'Setting' });

const backend = z
  .strictObject({ name: z.string(), type: z.string(), settings: z.array(setting) })
  .meta({ id: 'ConfiguredBackend' });

const lastReload = z
  .strictObject({
    ok: z.boolean(),
    at: z.iso.datetime(),
    problems: z.array(z.string()).describe('As `headrace check` prints them; warnings too.'),
  })
  .meta({ id: 'LastReload' });

const connector = z
  .strictObject({
    internal: z.string(),
    provider: z.string(),
    external: z.string(),
    base_url: z.string().nullable(),
    status: z.enum(['active', 'pending', 'deleted']),
    held_by: z.string().nullable().describe('What has its name, while it is pending.'),
  })
  .meta({ id: 'Connector' });

const configuration = z.strictObject({
  settings: z.array(setting),
  restart_needed: z.array(z.string()).describe('Settings whose values hold after a restart only.'),
  backends: z.array(backend),
  providers: z.array(backend),
});

const connectors = z.strictObject({
  file: z.string().nullable(),
  last_reload: lastReload,
  connectors: z.array(connector),
  deleted: z.array(z.string()).describe('Model packages that were deleted while their files still name them.'),
});

const reloaded = z.strictObject({ last_reload: lastReload });

/** What concerns the gateway itself. */
export const gatewayOperations = {
  getConfig: {
    id: 'getConfig',
    method: 'GET',
    path: '/admin/config',
    summary: 'Each value that is in force, with its source',
    answers: { 200: { description: 'The configuration.', schema: configuration } },
    errors: [],
  },
  getConnectors: {
    id: 'getConnectors',
    method: 'GET',
    path: '/admin/connectors',
    summary: 'The connectors, and how the last reload went',
    answers: { 200: { description: 'The connectors.', schema: connectors } },
    errors: [],
  },
  reload: {
    id: 'reload',
    method: 'POST',
    path: '/admin/reload',
    summary: 'Read the configuration anew, in all processes that serve',
    answers: {
      200: { description: 'It is in force.', schema: reloaded },
      422: { description: 'It is wrong; the old one stays in force.', schema: reloaded },
    },
    errors: [],
  },
  deletePackage: {
    id: 'deletePackage',
    method: 'DELETE',
    path: '/model-packages/{name}',
    prefix: '/model-packages/',
    parameter: 'The public name of a model, a connector or a route.',
    summary: 'Take a model package away while the gateway runs',
    answers: { 204: { description: 'It is gone.', schema: undefined } },
    errors: ['unknown_checkpoint', 'conflict'],
  },
  getMetrics: {
    id: 'getMetrics',
    method: 'GET',
    path: '/metrics',
    summary: 'The metrics, for Prometheus',
    answers: { 200: { description: 'In the text format.', schema: z.string(), contentType: 'text/plain' } },
    errors: [],
  },
  getOpenApi: {
    id: 'getOpenApi',
    method: 'GET',
    path: '/admin/openapi.json',
    summary: 'This document',
    answers: { 200: { description: 'An OpenAPI 3.1 document.', schema: z.looseObject({ openapi: z.string() }) } },
    errors: [],
  },
} as const satisfies Record<string, AdminOperation>;
