import * as z from 'zod';
import { backendFile } from './schema/backend-file.ts';
import { connectorsFile } from './schema/connectors-file.ts';
import { settingsFile } from './schema/settings-file.ts';
import { vendorNames } from './vendors.ts';

/** The three kinds of configuration files. */
export type FileKind = 'backend' | 'connectors' | 'headrace';

/** The JSON Schemas (draft 7) of the configuration files, for editors. They are written from what the loader checks with. */
export function jsonSchemas(): Record<FileKind, object> {
  return {
    backend: jsonSchema(backendFile),
    connectors: jsonSchema(connectorsFile),
    headrace: jsonSchema(settingsFile),
  };
}

function jsonSchema(schema: z.ZodType): object {
  return z.toJSONSchema(schema, {
    target: 'draft-7',
    io: 'input',
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema === backendFile.shape.backend_type) jsonSchema.enum = ['custom', ...vendorNames()];
      takeVariables(jsonSchema);
    },
  });
}

/** A number may also come out of a `${VAR}`. */
function takeVariables(schema: z.core.JSONSchema.BaseSchema): void {
  if (schema.type !== 'integer' && schema.type !== 'number') return;
  const { type, minimum, maximum, exclusiveMinimum, ...rest } = schema;
  for (const name of Object.keys(schema)) delete schema[name];
  const number = {
    type,
    minimum,
    maximum: maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum,
    exclusiveMinimum,
  };
  const bounds = Object.fromEntries(Object.entries(number).filter(([, value]) => value !== undefined));
  Object.assign(schema, rest, { anyOf: [bounds, { type: 'string', pattern: '\\$\\{' }] });
}
