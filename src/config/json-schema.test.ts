import { expect, test } from 'vitest';
import { jsonSchemas } from './json-schema.ts';
import { settingsReference } from './reference.ts';
import { vendorNames } from './vendors.ts';

interface Schema {
  readonly $schema?: string;
  readonly type?: string;
  readonly description?: string;
  readonly enum?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
}

const schemas = jsonSchemas() as Record<string, Schema>;

/** Every field of a schema, with its path. */
function fields(schema: Schema, path: string): [string, Schema][] {
  const inner = Object.entries(schema.properties ?? {}).flatMap(([name, field]) => [
    [`${path}.${name}`, field] as [string, Schema],
    ...fields(field, `${path}.${name}`),
  ]);
  const others =
    typeof schema.additionalProperties === 'object' ? fields(schema.additionalProperties, `${path}.*`) : [];
  return [...inner, ...others, ...(schema.items ? fields(schema.items, `${path}[]`) : [])];
}

test('every field of every file has a description, and no mapping takes unknown fields', () => {
  const all = Object.entries(schemas).flatMap(([name, schema]) => fields(schema, name));
  expect(all.length).toBeGreaterThan(40);
  expect(all.filter(([, field]) => !field.description).map(([path]) => path)).toEqual([]);
  const open = all
    .filter(([, field]) => field.properties && field.additionalProperties !== false)
    .map(([path]) => path);
  expect(open).toEqual([]);
});

test('draft 7, with the vendors as values of backend_type', () => {
  for (const schema of Object.values(schemas)) expect(schema.$schema).toBe('http://json-schema.org/draft-07/schema#');
  expect(schemas.backend?.properties?.backend_type?.enum).toEqual(['custom', ...vendorNames()]);
});

test('the reference page has every field, flag and variable', () => {
  const page = settingsReference();
  for (const text of ['`models.<name>.limits.context_window`', '`keys[].key_env_var`', '`<name>.oauth.token_url`']) {
    expect(page).toContain(text);
  }
  for (const text of [
    '`--force-context-window`',
    '`HEADRACE_PORT`, then `PORT`',
    '`EXTERNAL_API_CONNECTORS_FILE`',
    '67108864',
  ]) {
    expect(page).toContain(text);
  }
  expect(page).not.toMatch(/undefined|\[object/);
});
