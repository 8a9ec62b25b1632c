import { createContext, Script } from 'node:vm';
import type { OutputUnit, Schema, SchemaDraft } from '@cfworker/json-schema';
import { schemaError } from './response-format.ts';

/** Gives what is wrong with a value, one clause each; none: it is valid. */
export type SchemaCheck = (value: unknown) => string[];

/** A schema is a stranger's, and so are its patterns: checking may not hold up everybody else for longer. */
const limitMs = 500;
const mostProblems = 20;
const longestProblem = 300;
const box: { check: () => unknown } = { check: () => undefined };
const context = createContext(box);
const call = new Script('check()');

/**
 * Makes the check of a JSON schema, without generating code from it.
 * @throws GatewayError `invalid_request`, here and from the check, where it can't be checked by this schema
 */
export async function createSchemaCheck(schema: object | boolean): Promise<SchemaCheck> {
  const { Validator } = await import('@cfworker/json-schema');
  const validate = attempt(() => {
    compilePatterns(schema);
    const validator = new Validator(structuredClone(schema) as Schema, draftOf(schema), false); // it writes into its schema
    return (value: unknown) => validator.validate(value).errors;
  });
  const check: SchemaCheck = (value) => attempt(() => describe(validate(value)));
  check(null); // a reference to nothing is told before anything is asked
  return check;
}

function draftOf(schema: object | boolean): SchemaDraft {
  const written = typeof schema === 'object' && '$schema' in schema ? String(schema.$schema) : '';
  if (written.includes('draft-04')) return '4';
  if (/draft-0[67]/.test(written)) return '7';
  return written.includes('2019-09') ? '2019-09' : '2020-12';
}

function attempt<T>(work: () => T): T {
  try {
    box.check = work;
    return call.runInContext(context, { timeout: limitMs }) as T;
  } catch (error) {
    const isLate = (error as { code?: unknown }).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
    const why = isLate ? 'it takes too long' : String((error as Error).message).split('\n')[0];
    throw schemaError(`can't be used for checking: ${why?.slice(0, longestProblem)}`);
  } finally {
    box.check = () => undefined;
  }
}

/** So that a pattern that is none is told even if no value ever meets it. */
function compilePatterns(schema: unknown): void {
  if (typeof schema !== 'object' || schema === null) return;
  for (const [key, entry] of Object.entries(schema)) {
    if (key === 'pattern' && typeof entry === 'string') new RegExp(entry, 'u');
    if (key === 'patternProperties') for (const pattern of Object.keys(entry ?? {})) new RegExp(pattern, 'u');
    if (key === 'enum' || key === 'const' || key === 'default' || key === 'examples') continue;
    compilePatterns(entry);
  }
}

/** The innermost errors: those around them only say that something inside is wrong. */
function describe(errors: readonly OutputUnit[]): string[] {
  const some = errors.slice(0, 500);
  const inner = some.filter(
    (error) => !some.some((other) => other.keywordLocation.startsWith(`${error.keywordLocation}/`)),
  );
  const told = inner.map(({ instanceLocation, error }) => {
    const place = instanceLocation.replace(/^#\/?/, '/');
    return `at ${place}: ${error}`.slice(0, longestProblem);
  });
  return [...new Set(told)].slice(0, mostProblems);
}
