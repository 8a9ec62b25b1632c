import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, it } from 'vitest';
import { type AdminGateway, startAdminGateway } from '../../test/harness/admin-client.ts';
import { type RouteHandlers, routeTable } from '../http/routes.ts';
import { openApiDocument } from './openapi.ts';
import { adminOperations } from './operations.ts';

interface Step {
  readonly id: keyof typeof adminOperations;
  /** In the place of the path's parameter. */
  readonly at?: string | undefined;
  readonly query?: string;
  readonly body?: unknown;
  readonly status: number;
}

interface OperationObject {
  readonly operationId: string;
  readonly requestBody?: { readonly content: Record<string, { readonly schema: object }> };
  readonly responses: Record<string, { readonly content?: Record<string, { readonly schema: object }> }>;
}

/** As a client reads it: out of JSON. */
const document = JSON.parse(JSON.stringify(openApiDocument())) as {
  openapi: string;
  paths: Record<string, Record<string, OperationObject>>;
};

const operations = new Map(
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => [operation.operationId, { path, method, operation }] as const),
  ),
);

const limits = { requests_per_minute: 5, budget: { day: 1.5 }, when_spent: { downgrade_to: 'm' } };

/** Every operation, good and bad; those on keys with the id of one that is there. */
function stepsFor(id: string): Step[] {
  const groups = (['Team', 'Tag'] as const).flatMap((kind): Step[] => [
    { id: `put${kind}`, at: 'g', body: { limits }, status: 201 },
    { id: `put${kind}`, at: 'g', body: { limits }, status: 200 },
    { id: `put${kind}`, at: 'g', body: { limits, version: 7 }, status: 409 },
    { id: `put${kind}`, at: 'g', body: { limit: 1 }, status: 400 },
    { id: `get${kind}`, at: 'g', status: 200 },
    { id: `get${kind}`, at: 'h', status: 404 },
    { id: `list${kind}s`, status: 200 },
    { id: `list${kind}s`, query: 'limit=0', status: 400 },
    { id: `delete${kind}`, at: 'g', status: 204 },
    { id: `delete${kind}`, at: 'g', status: 404 },
  ]);
  return [
    { id: 'getConfig', status: 200 },
    { id: 'getConnectors', status: 200 },
    { id: 'reload', status: 200 },
    { id: 'deletePackage', at: 'no-such', status: 404 },
    { id: 'deletePackage', at: 'b:m', status: 204 },
    { id: 'getMetrics', status: 200 },
    { id: 'getOpenApi', status: 200 },
    { id: 'getUsage', query: 'group_by=key,day', status: 200 },
    { id: 'getUsage', query: 'group_by=kye', status: 400 },
    { id: 'listCalls', query: 'from=2026-01-01&limit=5', status: 200 },
    { id: 'listCalls', query: 'from=yesterday', status: 400 },
    { id: 'getLimits', status: 200 },
    { id: 'getLimits', query: 'kind=x', status: 400 },
    { id: 'createKey', body: { name: 'new', limits, expires_at: '2099-01-01' }, status: 201 },
    { id: 'createKey', body: { name: 'new' }, status: 409 },
    { id: 'createKey', body: { nmae: 'new' }, status: 400 },
    { id: 'listKeys', status: 200 },
    { id: 'listKeys', query: 'limit=1&status=active', status: 200 },
    { id: 'listKeys', query: 'x=1', status: 400 },
    { id: 'getKey', at: id, status: 200 },
    { id: 'getKey', at: 'file:admin', status: 200 },
    { id: 'getKey', at: 'none', status: 404 },
    { id: 'changeKey', at: id, body: { owner: 'x', limits: { budget: { day: null } } }, status: 200 },
    { id: 'changeKey', at: id, body: { owner: 5 }, status: 400 },
    { id: 'changeKey', at: id, body: { owner: 'x', version: 99 }, status: 409 },
    { id: 'changeKey', at: 'none', body: { owner: 'x' }, status: 404 },
    { id: 'rotateKey', at: id, body: { overlap_seconds: 60 }, status: 200 },
    { id: 'rotateKey', at: id, body: { overlap: 60 }, status: 400 },
    { id: 'disableKey', at: id, status: 200 },
    { id: 'enableKey', at: id, status: 200 },
    { id: 'enableKey', at: id, body: { version: 1 }, status: 409 },
    { id: 'deleteKey', at: 'none', status: 404 },
    { id: 'deleteKey', at: id, status: 204 },
    ...groups,
  ];
}

async function take({ id, at, query, body }: Step, { ask }: AdminGateway) {
  const found = operations.get(id);
  if (found === undefined) throw new Error(`the document does not have ${id}`);
  const path = found.path.replace(/\{[^}]*\}/, encodeURIComponent(at ?? ''));
  const answer = await ask(found.method.toUpperCase(), query === undefined ? path : `${path}?${query}`, body);
  return { answer, operation: found.operation };
}

it('every operation of the document is there, and answers as the document says', async () => {
  const admin = await startAdminGateway({
    files: {
      'backends/b/backend.yaml':
        'backend_type: custom\napi_base_url: http://127.0.0.1:9/v1\nauth_type: none\nmodels: {m: {}}\n',
      'external-api-connectors.toml':
        '[p]\nbase_url = "http://127.0.0.1:9/v1"\napi_key = "key-of-p-0123456"\n[p.c]\ninternal = "i"\nexternal = "e"\n',
    },
  });
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema({ ...document, $id: 'headrace:openapi' });
  const pointed = (schema: object) =>
    JSON.parse(JSON.stringify(schema).replaceAll('"#/components/', '"headrace:openapi#/components/')) as object;
  const { id } = await admin.create({ name: 'first', owner: 'o', tags: ['t'], limits });
  const steps = stepsFor(id);
  for (const step of steps) {
    const { answer, operation } = await take(step, admin);
    expect([step, answer.status]).toEqual([step, step.status]);
    const described = operation.responses[String(answer.status)];
    expect([step, described === undefined]).toEqual([step, false]);
    const schema = described?.content?.['application/json']?.schema;
    if (schema === undefined) {
      expect([step, answer.body]).toEqual([step, undefined]);
      continue;
    }
    const isValid = ajv.compile(pointed(schema));
    isValid(answer.body);
    expect([step, isValid.errors ?? []]).toEqual([step, []]);
    const asked = operation.requestBody?.content['application/json']?.schema;
    if (asked === undefined || step.body === undefined) continue;
    const takes = ajv.compile(pointed(asked));
    if (answer.status < 300) expect([step, takes(step.body)]).toEqual([step, true]);
    if (answer.status === 400) expect([step, takes(step.body)]).toEqual([step, false]);
  }
  expect(new Set(steps.map((step) => step.id))).toEqual(new Set(operations.keys()));
});

it('every route for admins stands in it', () => {
  expect(document.openapi).toBe('3.1.0');
  const described = new Set(
    Object.values(adminOperations).map((one) => `${one.method} ${'prefix' in one ? one.prefix : one.path}`),
  );
  const routes = routeTable({} as RouteHandlers).filter(({ role }) => role === 'admin');
  const missing = routes
    .map(({ method, path }) => `${method} ${path.replace(/^\/v1/, '')}`)
    .filter((one) => !described.has(one));
  expect(missing).toEqual([]);
  expect([...operations.keys()].toSorted()).toEqual(Object.keys(adminOperations).toSorted());
});

it('is not for everybody', async () => {
  const { gateway, create } = await startAdminGateway();
  const { secret } = await create({ name: 'u' });
  const statuses = [{}, { authorization: secret }].map(
    async (headers) => (await gateway.get('/admin/openapi.json', headers as Record<string, string>)).status,
  );
  expect(await Promise.all(statuses)).toEqual([401, 403]);
});
