import { isJsonObject, type JsonObject, listOf } from '../json-object.ts';

/** Deeper than any schema that a finite value can satisfy in practice; a schema that requires itself ends in null. */
const maximumDepth = 32;

/**
 * A small value that is valid under a JSON Schema made of types, enums, constants, required properties, item counts,
 * lengths, bounds, unions and references within the schema. Keywords such as `pattern` and `format` are not heeded.
 */
export function minimalJson(schema: unknown): unknown {
  return sample(schema, { root: schema, depth: 0 });
}

interface Place {
  readonly root: unknown;
  readonly depth: number;
}

function sample(schema: unknown, place: Place): unknown {
  if (!isJsonObject(schema) || place.depth > maximumDepth) return null;
  const inner = { root: place.root, depth: place.depth + 1 };
  if ('const' in schema) return schema.const;
  if (Array.isArray(schema.enum)) return schema.enum[0];
  if (typeof schema.$ref === 'string') return sample(referenced(schema.$ref, place.root), inner);
  const union = [...listOf(schema.anyOf), ...listOf(schema.oneOf)];
  if (union.length > 0) return sample(union[0], inner);
  const parts = listOf(schema.allOf).filter(isJsonObject);
  if (parts.length > 0) return sample(merged([schema, ...parts]), inner);
  return ofType(schema, inner);
}

function ofType(schema: JsonObject, inner: Place): unknown {
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  if (type === 'object' || (type === undefined && 'properties' in schema)) return sampleObject(schema, inner);
  if (type === 'array') return sampleArray(schema, inner);
  if (type === 'string') return 'x'.repeat(numberOr(schema.minLength, 0));
  if (type === 'integer' || type === 'number') return sampleNumber(schema, type);
  if (type === 'boolean') return false;
  return null;
}

function sampleObject(schema: JsonObject, inner: Place): JsonObject {
  const properties = isJsonObject(schema.properties) ? schema.properties : {};
  const required = listOf(schema.required).filter((name) => typeof name === 'string');
  // A null prototype: a property may be called `__proto__`.
  const object: JsonObject = Object.create(null);
  for (const name of required) object[name] = sample(properties[name], inner);
  return object;
}

function sampleArray(schema: JsonObject, inner: Place): unknown[] {
  const prefix = listOf(schema.prefixItems);
  const count = numberOr(schema.minItems, 0);
  return Array.from({ length: count }, (_, index) => sample(prefix[index] ?? schema.items, inner));
}

function sampleNumber(schema: JsonObject, type: 'integer' | 'number'): number {
  const low = Math.max(numberOr(schema.minimum, -Infinity), above(schema.exclusiveMinimum));
  const high = Math.min(numberOr(schema.maximum, Infinity), below(schema.exclusiveMaximum));
  const step = numberOr(schema.multipleOf, type === 'integer' ? 1 : 0);
  if (low <= 0 && high >= 0) return 0;
  const nearest = low > 0 ? low : high;
  if (step === 0) return nearest;
  const steps = nearest / step;
  return (low > 0 ? Math.ceil(steps) : Math.floor(steps)) * step;
}

function above(bound: unknown): number {
  return typeof bound === 'number' ? bound + Math.max(1e-6, Math.abs(bound) * 1e-6) : -Infinity;
}

function below(bound: unknown): number {
  return typeof bound === 'number' ? bound - Math.max(1e-6, Math.abs(bound) * 1e-6) : Infinity;
}

function numberOr(value: unknown, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise;
}

function merged(schemas: readonly JsonObject[]): JsonObject {
  const properties = Object.assign({}, ...schemas.map((schema) => schema.properties ?? {}));
  const required = schemas.flatMap((schema) => [...listOf(schema.required)]);
  const { allOf: _, ...whole } = Object.assign({}, ...schemas);
  return Object.keys(properties).length > 0 || required.length > 0 ? { ...whole, properties, required } : whole;
}

/** The part of the schema that `#/$defs/name` points at. */
function referenced(reference: string, root: unknown): unknown {
  if (!reference.startsWith('#')) return undefined;
  let part = root;
  for (const step of reference.slice(1).split('/').slice(1)) {
    const name = decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~');
    part = isJsonObject(part) ? part[name] : undefined;
  }
  return part;
}
