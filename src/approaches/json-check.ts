import { jsonEnd, type Work } from './reading/json-end.ts';
import { readCode } from './reading/read-code.ts';
import type { ResponseFormat } from './response-format.ts';
import { createSchemaCheck, type SchemaCheck } from './schema-check.ts';

/** What came of checking a text. */
export interface CheckedJson {
  /** The JSON in it, as it is written there; undefined: there is none. */
  readonly json: string | undefined;
  /** What is wrong with it, one clause each; none: it is what was asked for. */
  readonly problems: readonly string[];
}

/** Of more values in a text than these, the later ones are not looked at. */
const mostValues = 20;

/**
 * Makes the check of a format. It takes a text that is JSON, or the first fitting value among prose or in a fence.
 * @throws GatewayError `invalid_request`, here and from the check, where the schema can't be used
 */
export async function createJsonCheck({ schema }: ResponseFormat): Promise<(text: string) => CheckedJson> {
  const check = schema === undefined ? checkObject : await createSchemaCheck(schema);
  return (text) => {
    const all = jsonTexts(text).map((json) => ({ json, problems: check(JSON.parse(json)) }));
    const best = all.find(({ problems }) => problems.length === 0) ?? all[0];
    return best ?? { json: undefined, problems: ['it holds no valid JSON'] };
  };
}

const checkObject: SchemaCheck = (value) => {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? [] : ['at /: it is no JSON object'];
};

/** The whole text or its fenced block where that is JSON, else the objects and arrays in it, outermost ones only. */
function jsonTexts(text: string): string[] {
  const whole = [text.trim(), readCode(text).trim()].find(isJson);
  if (whole !== undefined) return [whole];
  const found: string[] = [];
  const work: Work = { left: 8 * text.length + 1000 };
  const brackets = /[[{]/g;
  for (let match = brackets.exec(text); match && work.left > 0; match = brackets.exec(text)) {
    work.left--;
    const end = jsonEnd(text, match.index, work);
    if (end === undefined) continue;
    if (found.push(text.slice(match.index, end)) === mostValues) break;
    brackets.lastIndex = end;
  }
  return found;
}

export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
