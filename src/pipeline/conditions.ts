import { parseField } from '../bytes/json-index.ts';
import type { Ability } from '../config/backend-config.ts';
import type { CandidateConditions } from '../config/route-config.ts';
import type { Call } from '../types/call.ts';
import type { Candidate } from '../types/route.ts';

/**
 * Why a call is not for a candidate, in words; undefined: it is. How long its prompt may be is held against it later,
 * with the model's own limits. What a backend's file says of a model's abilities only moves calls to another candidate:
 * where there is none, the backend is the judge.
 */
export function unmetCondition(candidate: Candidate, call: Call, isLone: boolean): string | undefined {
  const { conditions } = candidate;
  const unmet = conditions && unmetFields(conditions, call);
  if (unmet !== undefined) return unmet;
  const abilities = conditions?.abilities ?? (isLone ? undefined : candidate.config?.abilities);
  return abilities && missingAbility(abilities, call);
}

function unmetFields({ headers, metadata }: CandidateConditions, call: Call): string | undefined {
  for (const [name, values] of headers) {
    if (!values.includes(call.header(name) ?? '')) return `it asks for the header ${name}: ${values.join(' or ')}`;
  }
  if (metadata.size === 0) return undefined;
  const sent = call.fields.get('metadata') as Record<string, unknown> | null | undefined;
  for (const [name, values] of metadata) {
    const value = typeof sent === 'object' && sent !== null && Object.hasOwn(sent, name) ? sent[name] : undefined;
    if (!values.includes(String(value ?? ''))) return `it asks for the metadata ${name}: ${values.join(' or ')}`;
  }
  return undefined;
}

function missingAbility(abilities: ReadonlySet<Ability>, call: Call): string | undefined {
  for (const ability of Object.keys(needs) as Ability[]) {
    if (!abilities.has(ability) && needs[ability](call)) return `the request needs ${ability}, which it does not have`;
  }
  return undefined;
}

/** Whether a request needs an ability. */
const needs: Readonly<Record<Ability, (call: Call) => boolean>> = {
  streaming: (call) => call.stream,
  tools: (call) => isFilledList(call, 'tools') || isFilledList(call, 'functions'),
  vision: (call) => call.body.includes(imagePart),
  audio: (call) => call.body.includes(audioPart),
  json_schema: (call) => {
    const format = call.fields.find('response_format');
    if (format === undefined) return false;
    return (parseField(call.body, format) as { type?: unknown } | null)?.type === 'json_schema';
  },
};

// Kinds of parts of messages, as they stand in OpenAI's requests. A text that merely speaks of them escapes the quotes.
const imagePart = Buffer.from('"image_url"');
const audioPart = Buffer.from('"input_audio"');

function isFilledList(call: Call, name: string): boolean {
  const field = call.fields.find(name);
  // An empty list has nothing but white space between its brackets.
  return (
    field !== undefined &&
    /^\[\s*[^\s\]]/.test(call.body.toString('latin1', field.start, Math.min(field.end, field.start + 64)))
  );
}
