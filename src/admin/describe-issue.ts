import * as z from 'zod';
import { didYouMean } from '../config/suggest.ts';

/** What is wrong with a value, and where in it. */
export interface Fault {
  /** Such as `limits.budget.day must be ...`. */
  readonly message: string;
  /** The path, such as `limits.budget.day`; `''` for the whole. */
  readonly param: string;
}

/** Puts into words what Zod found. */
export function describeIssue(issue: z.core.$ZodIssue | undefined, schema: z.ZodType): Fault {
  if (issue === undefined) return { message: 'is not valid', param: '' };
  if (issue.code === 'unrecognized_keys') return describeUnknown(issue.keys[0] ?? '', issue.path, schema);
  if (issue.code === 'invalid_union') {
    const inner = issue.errors.flat().find((one) => one.code === 'unrecognized_keys' || one.path.length > 0);
    if (inner !== undefined) return describeIssue({ ...inner, path: [...issue.path, ...inner.path] }, schema);
  }
  const param = pathText(issue.path);
  const isMissing = issue.code === 'invalid_type' && issue.input === undefined && !/^must /.test(issue.message);
  const message = isMissing ? 'is required' : issue.message;
  return { message: param === '' ? message : `${param} ${message}`, param };
}

function describeUnknown(field: string, path: readonly PropertyKey[], schema: z.ZodType): Fault {
  const known = fieldsAt(schema, path);
  const shown = field.slice(0, 100);
  const param = pathText([...path, shown]);
  const hint = didYouMean(field, known) || (known.length > 0 ? `; here are allowed ${known.join(', ')}` : '');
  return { message: `${param} is an unknown field${hint}`, param };
}

function fieldsAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let at: z.ZodType | undefined = schema;
  for (const part of path) {
    const object = at && objectIn(at);
    at = object?.shape[String(part)] as z.ZodType | undefined;
  }
  const object = at && objectIn(at);
  return object === undefined ? [] : Object.keys(object.shape);
}

/** The object schema within what is optional, nullable or one of several. */
function objectIn(schema: z.ZodType): z.ZodObject | undefined {
  if (schema instanceof z.ZodObject) return schema;
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable || schema instanceof z.ZodDefault) {
    return objectIn(schema.unwrap() as z.ZodType);
  }
  if (schema instanceof z.ZodUnion) {
    for (const option of schema.options as readonly z.ZodType[]) {
      const found = objectIn(option);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function pathText(path: readonly PropertyKey[]): string {
  return path.map(String).join('.').slice(0, 200);
}
