import { jsonSchemas } from '../config/json-schema.ts';

/** `headrace schema`: the JSON Schemas of the configuration files, all in one object or one of them. */
export function schema(file: string | undefined): void {
  const schemas: Record<string, object> = jsonSchemas();
  if (file !== undefined && !Object.hasOwn(schemas, file)) {
    process.stderr.write(`there is no schema "${file}"; there are: ${Object.keys(schemas).join(', ')}\n`);
    process.exitCode = 1;
    return;
  }
  process.stdout.write(`${JSON.stringify(file === undefined ? schemas : schemas[file], null, 2)}\n`);
}
