import * as z from 'zod';
import type { FileReport } from './report.ts';
import { expectation, fieldHints, fieldTexts } from './schema/fields.ts';
import { didYouMean } from './suggest.ts';
import { type MappingNode, type Path, plainValue, type TreeNode } from './tree.ts';

/** What is left of a value when its faulty parts, which are in the report, are taken out. */
export type Loose<T> = T extends readonly (infer Item)[]
  ? readonly (Loose<Item> | undefined)[]
  : T extends object
    ? { readonly [Key in keyof T]?: Loose<T[Key]> | undefined }
    : T;

/**
 * Holds a tree against a schema. Every fault goes to the report at its own place; the rest is returned, with defaults
 * filled in, so that the checks that follow can go on; a list keeps its length. Records come back without a prototype: any name is ordinary.
 * Zod judges the leaves; what is made of mappings and lists is walked here, because Zod knows no places and drops
 * the key `__proto__`.
 */
export function checkTree<S extends z.ZodType>(
  schema: S,
  node: TreeNode,
  report: FileReport,
  path: Path = [],
): Loose<z.output<S>> | undefined {
  return checkNode(schema, node, report, [...path]) as Loose<z.output<S>> | undefined;
}

/** The way to the node that is looked at: one list for all, which grows and shrinks on the way. */
type Here = (string | number)[];

/** Fields of a schema: an object without inherited fields which, other than one without a prototype, is not a hash table. */
const Fields = function Fields() {} as unknown as new () => Record<string, unknown>;
Fields.prototype = Object.create(null);

function checkNode(schema: z.ZodType, node: TreeNode, report: FileReport, path: Here): unknown {
  if (node.kind === 'scalar' && node.broken) return undefined;
  const inner = unwrap(schema);
  if (inner instanceof z.ZodObject || inner instanceof z.ZodRecord) {
    const mapping = asMapping(node);
    if (!mapping) return void report.error(node.place, path, mappingExpected(inner));
    return inner instanceof z.ZodObject
      ? checkObject(inner, mapping, report, path)
      : checkRecord(inner, mapping, report, path);
  }
  if (inner instanceof z.ZodArray) return checkArray(inner, node, report, path);
  if (inner instanceof z.ZodUnion) return checkUnion(inner, node, report, path);
  return checkLeaf(inner, node, report, path);
}

function checkWithin(
  step: string | number,
  schema: z.ZodType,
  node: TreeNode,
  report: FileReport,
  path: Here,
): unknown {
  path.push(step);
  const value = checkNode(schema, node, report, path);
  path.pop();
  return value;
}

/** A union is of at most one mapping, one list and one leaf, told apart by their form; or it is itself a leaf. */
function checkUnion(schema: z.ZodUnion, node: TreeNode, report: FileReport, path: Here): unknown {
  const options = schema.options as readonly z.ZodType[];
  if (options.every((option) => formOf(option) === 'scalar')) return checkLeaf(schema, node, report, path);
  const fitting = options.find((option) => formOf(option) === node.kind);
  if (fitting) return checkNode(fitting, node, report, path);
  return void report.error(node.place, path, leafMessage(schema, undefined, node));
}

function formOf(schema: z.ZodType): TreeNode['kind'] {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodObject || inner instanceof z.ZodRecord) return 'mapping';
  return inner instanceof z.ZodArray ? 'list' : 'scalar';
}

/** The schema itself, without `optional` and `default` around it. */
export function unwrap(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) return unwrap(schema.unwrap() as z.ZodType);
  return schema;
}

/** Fields with nothing after the colon count as an empty mapping. */
function asMapping(node: TreeNode): MappingNode | undefined {
  if (node.kind === 'mapping') return node;
  const empty = node.kind === 'scalar' && node.value === null;
  return empty ? { kind: 'mapping', place: node.place, entries: new Map() } : undefined;
}

function mappingExpected(schema: z.ZodObject | z.ZodRecord): string {
  if (schema instanceof z.ZodRecord) return 'must be a mapping of names to values, one "name: value" a line';
  return `must be a mapping with fields such as ${Object.keys(schema.shape).slice(0, 3).join(', ')}`;
}

/** The fields of each schema, which are asked for once for every mapping of every file. */
const knownFields = new WeakMap<z.ZodObject, ReadonlyMap<string, z.ZodType>>();

function fieldsOf(schema: z.ZodObject): ReadonlyMap<string, z.ZodType> {
  let fields = knownFields.get(schema);
  if (fields === undefined) {
    fields = new Map(Object.entries(schema.shape) as [string, z.ZodType][]);
    knownFields.set(schema, fields);
  }
  return fields;
}

function checkObject(schema: z.ZodObject, node: MappingNode, report: FileReport, path: Here): object {
  const shape = fieldsOf(schema);
  const others = schema.def.catchall instanceof z.ZodNever ? undefined : (schema.def.catchall as z.ZodType | undefined);
  const value: Record<string, unknown> = others === undefined ? new Fields() : Object.create(null);
  for (const [name, entry] of node.entries) {
    const field = shape.get(name) ?? (entry.node.kind === 'mapping' ? others : undefined);
    if (field) value[name] = checkWithin(name, field, entry.node, report, path);
    else report.error(entry.keyPlace, [...path, name], unknownField(schema, name, [...shape.keys()], path));
  }
  for (const [name, field] of shape) {
    if (node.entries.has(name)) continue;
    if (field instanceof z.ZodDefault) value[name] = field.def.defaultValue;
    else if (!(field instanceof z.ZodOptional)) report.error(node.place, [...path, name], required(field));
  }
  return value;
}

/** `required, such as "https://api.example.com/v1"`. */
export function required(field: z.ZodType): string {
  const text = fieldTexts.get(unwrap(field));
  return text ? `required, such as ${text.example}` : 'required';
}

function unknownField(schema: z.ZodObject, name: string, known: readonly string[], path: Path): string {
  const hints = fieldHints.get(schema)?.hints;
  if (hints && Object.hasOwn(hints, name)) return hints[name] ?? '';
  return `unknown field${didYouMean(name, known) || `; ${path.length === 0 ? 'the fields are' : 'here are allowed'} ${known.join(', ')}`}`;
}

function checkRecord(schema: z.ZodRecord, node: MappingNode, report: FileReport, path: Here): object {
  const value: Record<string, unknown> = Object.create(null);
  for (const [name, entry] of node.entries) {
    if (name === '') report.error(entry.keyPlace, [...path, name], 'must have a name that is not empty');
    const checked = checkWithin(name, schema.valueType as z.ZodType, entry.node, report, path);
    if (checked !== undefined) value[name] = checked;
  }
  return value;
}

function checkArray(schema: z.ZodArray, node: TreeNode, report: FileReport, path: Here): unknown {
  if (node.kind !== 'list') return void report.error(node.place, path, 'must be a list, one "- " a line');
  const items = node.items.map((item, index) => checkWithin(index, schema.element as z.ZodType, item, report, path));
  const length = schema.safeParse([]);
  if (node.items.length === 0 && !length.success) {
    report.error(node.place, path, length.error.issues[0]?.message ?? 'must not be empty');
  }
  return items;
}

const numeral = /^-?\d+(\.\d+)?$/;

/** What a text out of a variable would be if it stood in the file itself. */
export function typedValue(text: string): unknown {
  if (numeral.test(text)) return Number(text);
  return text === 'true' ? true : text === 'false' ? false : text;
}

function checkLeaf(schema: z.ZodType, node: TreeNode, report: FileReport, path: Here): unknown {
  let result = schema.safeParse(plainValue(node));
  if (!result.success && node.kind === 'scalar' && node.substituted && typeof node.value === 'string') {
    const trimmed = node.value.trim();
    const second = schema.safeParse(typedValue(trimmed));
    if (second.success) result = second;
  }
  if (result.success) return result.data;
  report.error(node.place, path, leafMessage(schema, result.error, node));
  return undefined;
}

function leafMessage(schema: z.ZodType, error: z.ZodError | undefined, node: TreeNode): string {
  const texts = fieldTexts.get(schema);
  const message = error?.issues[0]?.message ?? (texts ? expectation(texts) : 'is not valid');
  const written = node.kind === 'scalar' && typeof node.value === 'string' ? node.value : '';
  return schema instanceof z.ZodEnum && written !== ''
    ? message + didYouMean(written, schema.options as string[])
    : message;
}
