import { didYouMean } from './suggest.ts';

/** One name of a selector, with what stands beside it. */
export interface SelectorItem {
  readonly name: string;
  readonly weight: number | undefined;
  readonly maxContext: number | undefined;
  /** Request fields that are set: the field's name, and its JSON text. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** Names that are tried together: one, several by weight (`^`), or several in a race (`!`). */
export interface SelectorPart {
  readonly operator: '^' | '!' | undefined;
  /** Never empty. */
  readonly items: readonly SelectorItem[];
}

/** A text in the place of a model's name, such as `[weight=3]a:m^b:m|c:m?temperature=0`. Part after part is tried. */
export type Selector = readonly SelectorPart[];

/** What is wrong with a selector and what to write instead, without quoting it. */
export interface SelectorFault {
  readonly fault: string;
}

const operators = new Set(['|', '^', '!']);

/** Whether a text says more than a name. */
export function isCompound(text: string): boolean {
  return /[|^!?]/.test(text) || text.trimStart().startsWith('[');
}

/** Reads a selector. A text without operators is one item. */
export function parseSelector(text: string): Selector | SelectorFault {
  const parts: { operator: '^' | '!' | undefined; items: SelectorItem[] }[] = [{ operator: undefined, items: [] }];
  let start = 0;
  let number = 0;
  while (true) {
    const end = endOfItem(text, start);
    const item = parseItem(text.slice(start, end));
    number++;
    if (typeof item === 'string')
      return { fault: text.length === end && start === 0 ? item : `item ${number}: ${item}` };
    const part = parts[parts.length - 1];
    part?.items.push(item);
    const operator = text[end];
    if (operator === undefined) return parts;
    if (operator === '|') parts.push({ operator: undefined, items: [] });
    else if (part?.operator !== undefined && part.operator !== operator) {
      return { fault: 'mixes ^ and ! within one part; put | between them, or make one of them a route of its own' };
    } else if (part) part.operator = operator as '^' | '!';
    start = end + 1;
  }
}

/** Writes a selector so that reading it gives the same again. Names must be such as a selector can hold. */
export function printSelector(selector: Selector): string {
  return selector.map(({ operator, items }) => items.map(printItem).join(operator ?? '')).join('|');
}

function printItem({ name, weight, maxContext, parameters }: SelectorItem): string {
  const conditions = [
    ...(weight === undefined ? [] : [`weight=${weight}`]),
    ...(maxContext === undefined ? [] : [`max_context=${maxContext}`]),
  ];
  const fields = [...parameters].map(([field, json]) => `${field}=${json}`);
  return `${conditions.length > 0 ? `[${conditions.join(',')}]` : ''}${name}${fields.length > 0 ? `?${fields.join('&')}` : ''}`;
}

/** Where an item ends: at an operator outside JSON texts, or at the end of the whole. */
function endOfItem(text: string, start: number): number {
  let isParameters = false;
  for (let at = start; at < text.length; at++) {
    const sign = text[at] ?? '';
    if (operators.has(sign)) return at;
    if (sign === '?') isParameters = true;
    else if (isParameters && sign === '=') at = Math.max(at, endOfJson(text, at + 1) - 1);
  }
  return text.length;
}

/** Behind a JSON text in quotes or brackets that begins here; `start` where there is none. */
function endOfJson(text: string, start: number): number {
  let depth = 0;
  let isQuoted = false;
  let at = start;
  while (text[at] === ' ') at++;
  if (!/["[{]/.test(text[at] ?? '')) return start;
  for (; at < text.length; at++) {
    const sign = text[at] ?? '';
    if (isQuoted && sign === '\\') at++;
    else if (sign === '"') isQuoted = !isQuoted;
    else if (!isQuoted && /[[{]/.test(sign)) depth++;
    else if (!isQuoted && /[\]}]/.test(sign)) depth--;
    if (!isQuoted && depth <= 0) return at + 1;
  }
  return start;
}

/** An item, or what is wrong with it. */
function parseItem(text: string): SelectorItem | string {
  const trimmed = text.trim();
  const bracket = trimmed.startsWith('[') ? trimmed.indexOf(']') : -1;
  if (trimmed.startsWith('[') && bracket < 0) return 'has a [ without its ]';
  const conditions = bracket < 0 ? {} : parseConditions(trimmed.slice(1, bracket));
  if (typeof conditions === 'string') return conditions;
  const rest = trimmed.slice(bracket + 1);
  const question = rest.indexOf('?');
  const name = (question < 0 ? rest : rest.slice(0, question)).trim();
  if (name === '') return 'needs a name; write a model such as my-backend:my-model on each side of | ^ and !';
  const parameters = question < 0 ? new Map<string, string>() : parseParameters(rest.slice(question + 1));
  if (typeof parameters === 'string') return parameters;
  return { name, weight: conditions.weight, maxContext: conditions.max_context, parameters };
}

const conditionNames = ['weight', 'max_context'] as const;
type Conditions = Partial<Record<(typeof conditionNames)[number], number>>;

function parseConditions(text: string): Conditions | string {
  const found: Conditions = {};
  for (const condition of text.split(',')) {
    const equals = condition.indexOf('=');
    const asked = condition.slice(0, Math.max(equals, 0)).trim();
    const name = conditionNames.find((known) => known === asked);
    const value = condition.slice(equals + 1).trim();
    if (equals < 0) return 'needs conditions such as [weight=3] or [max_context=8000] between its brackets';
    if (name === undefined)
      return `allows weight and max_context between its brackets${didYouMean(asked, conditionNames)}`;
    if (found[name] !== undefined) return `has ${name} twice`;
    const isNumber = name === 'weight' ? /^\d+(\.\d+)?$/.test(value) : /^\d+$/.test(value);
    if (!isNumber || !Number.isFinite(Number(value)))
      return `${name} must be ${name === 'weight' ? 'a number of at least 0' : 'a whole number of at least 0'}`;
    found[name] = Number(value);
  }
  return found;
}

function parseParameters(text: string): Map<string, string> | string {
  const parameters = new Map<string, string>();
  let at = 0;
  while (at <= text.length) {
    const equals = text.indexOf('=', at);
    const name = (equals < 0 ? '' : text.slice(at, equals)).trim();
    if (name === '' || /[&\s]/.test(name)) return 'needs parameters such as ?temperature=0.5&top_p=1 behind its name';
    if (parameters.has(name)) return `sets ${JSON.stringify(name)} twice`;
    const ampersand = text.indexOf('&', endOfJson(text, equals + 1));
    const end = ampersand < 0 ? text.length : ampersand;
    parameters.set(name, valueJson(text.slice(equals + 1, end).trim()));
    at = end + 1;
  }
  return parameters;
}

/** JSON as it is written; anything else is a text. */
function valueJson(text: string): string {
  try {
    JSON.parse(text);
    return text;
  } catch {
    return JSON.stringify(text);
  }
}
