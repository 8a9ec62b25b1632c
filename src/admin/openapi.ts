import * as z from 'zod';
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from 'zod-openapi';
import { type ErrorCode, errorCodes } from '../gateway-error.ts';
import { version } from '../version.ts';
import type { AdminOperation, AnswerDescription } from './operation.ts';
import { adminOperations } from './operations.ts';

type Document = ReturnType<typeof createDocument>;

/** What every operation may answer: who asks has no key, the wrong role, or tries too often. */
const commonErrors: readonly ErrorCode[] = [
  'invalid_api_key',
  'permission_denied',
  'rate_limit_exceeded',
  'internal_error',
];

const errorBody = z
  .looseObject({
    error: z.looseObject({
      message: z.string(),
      type: z.string(),
      param: z.string().nullable(),
      code: z.string().nullable(),
    }),
    detail: z.unknown().optional(),
  })
  .meta({ id: 'Error' });

let document: Document | undefined;

/** The OpenAPI 3.1 document of the admin API, from the schemas that its requests are checked with. */
export function openApiDocument(): Document {
  document ??= createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Headrace admin API',
      version,
      description: 'What admins may ask of a running gateway. All of it needs a key with the role `admin`.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{ bearer: [] }, { apiKey: [] }],
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key' },
      },
    },
    paths: pathsOf(Object.values(adminOperations)),
  });
  return document;
}

function pathsOf(operations: readonly AdminOperation[]): ZodOpenApiPathsObject {
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {};
  for (const operation of operations) {
    const methods = paths[operation.path] ?? {};
    methods[operation.method.toLowerCase()] = describe(operation);
    paths[operation.path] = methods;
  }
  return paths;
}

function describe(operation: AdminOperation): ZodOpenApiOperationObject {
  const { id, summary, path, parameter, query, body, isBodyOptional, isConditional, answers, errors } = operation;
  const name = /\{([^}]*)\}/.exec(path)?.[1];
  const ifMatch = z.string().describe('The version that this is for, such as `"3"`.').optional();
  return {
    operationId: id,
    summary,
    requestParams: {
      ...(name !== undefined && { path: z.object({ [name]: z.string().describe(parameter ?? '') }) }),
      ...(query && { query }),
      ...(isConditional && { header: z.object({ 'if-match': ifMatch }) }),
    },
    ...(body && {
      requestBody: { required: isBodyOptional !== true, content: { 'application/json': { schema: body } } },
    }),
    responses: {
      ...Object.fromEntries(Object.entries(answers).map(([status, answer]) => [status, describeAnswer(answer)])),
      ...describeErrors([...errors, ...commonErrors], Object.keys(answers)),
    },
  };
}

function describeAnswer({ description, schema, contentType = 'application/json' }: AnswerDescription) {
  return schema === undefined ? { description } : { description, content: { [contentType]: { schema } } };
}

function describeErrors(codes: readonly ErrorCode[], taken: readonly string[]) {
  const byStatus = Map.groupBy(codes, (code) => String(errorCodes[code].status));
  const errors = [...byStatus]
    .filter(([status]) => !taken.includes(status))
    .map(([status, some]) => [
      status,
      {
        description: some.map((code) => `\`${code}\``).join(', '),
        content: { 'application/json': { schema: errorBody } },
      },
    ]);
  return Object.fromEntries(errors);
}
