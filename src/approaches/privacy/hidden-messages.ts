import { GatewayError } from '../../gateway-error.ts';
import { changeStrings } from './json-strings.ts';
import type { Placeholders } from './placeholders.ts';

/** What the fields of these names hold, other than an object, is no text of anybody: a model, a server or a decoder needs it as it is. */
const structural: ReadonlySet<string> = new Set(
  (
    'role type id call_id tool_call_id tool_use_id name url file_id file_url file_data data media_type detail format ' +
    'status encrypted_content signature cache_control'
  ).split(' '),
);

/** Below these, any name is a tool's own. */
const toolsOwn: ReadonlySet<string> = new Set(['input', 'arguments']);

/** Deeper JSON is refused. */
const deepest = 500;

type Change = (text: string, json: boolean) => string;

/**
 * The messages of a request (or any other JSON value of it) with placeholders in all texts: contents and their parts,
 * system, history, refusals, reasoning, and the arguments of tool calls, be they JSON in a text or a value.
 * @throws GatewayError `invalid_request` where the value is nested too deeply to be read
 */
export function hideMessages<T>(value: T, placeholders: Placeholders): T {
  changeTexts(value, (text) => {
    placeholders.reserve(text);
    return text;
  });
  return changeTexts(value, (text, json) => (json ? placeholders.hideJson(text) : placeholders.hide(text)));
}

/** All texts that `hideMessages` would look at, each once. */
export function textsIn(value: unknown): Set<string> {
  const texts = new Set<string>();
  const note = (text: string) => {
    texts.add(text);
    return text;
  };
  changeTexts(value, (text, json) => (json ? (changeStrings(text, note) ?? note(text)) : note(text)));
  return texts;
}

/** A message of an answer with the values put back, in its tool calls as well. */
export function restoreMessage<T>(value: T, placeholders: Placeholders): T {
  return changeTexts(value, (text, json) => (json ? placeholders.restoreJson(text) : placeholders.restore(text)));
}

function changeTexts<T>(value: T, change: Change): T {
  return changeValue(value, '', { change, own: false, depth: 0 }) as T;
}

interface Place {
  readonly change: Change;
  /** Whether names are a tool's own. */
  readonly own: boolean;
  readonly depth: number;
}

function changeValue(value: unknown, name: string, place: Place): unknown {
  if (typeof value === 'string') return place.change(value, name === 'arguments' && !place.own);
  if (typeof value !== 'object' || value === null) return value;
  if (place.depth >= deepest)
    throw new GatewayError('invalid_request', `messages are nested more than ${deepest} deep`);
  const inside = { ...place, depth: place.depth + 1 };
  if (Array.isArray(value)) return value.map((entry) => changeValue(entry, name, inside));
  const entries = Object.entries(value).map(([key, entry]) => {
    if (!place.own && structural.has(key) && !isObject(entry)) return [key, entry];
    return [key, changeValue(entry, key, { ...inside, own: place.own || isToolsOwn(key, entry) })];
  });
  return Object.fromEntries(entries);
}

/** Arguments in a text are marked by their name, and those that are a value begin a tool's own names. */
function isToolsOwn(key: string, entry: unknown): boolean {
  return toolsOwn.has(key) && isObject(entry);
}

/** Such as the part of a JSON schema about a property that happens to be called `name`. */
function isObject(entry: unknown): boolean {
  return typeof entry === 'object' && entry !== null && !Array.isArray(entry);
}
