import { z } from 'zod';
import type { MockReply, MockRoute, MockScript, MockUsage } from './mock-reply.ts';
import { profileNames } from './profiles/registry.ts';

const optional = z.exactOptional;
const milliseconds = z.int('must be whole milliseconds from 0 to 2147483647').min(0).max(2_147_483_647);
const count = z.int('must be a whole number from 0 on').min(0);
const bytes = z.union([z.string(), z.strictObject({ base64: z.base64() })], 'must be a text or {base64: TEXT}');
const headerText = z.union([z.string(), z.array(z.string())], 'must be a text or a list of texts');
const usage = z
  .looseObject({ prompt_tokens: count, completion_tokens: optional(count), total_tokens: optional(count) })
  .nullable();

/** The fields of a reply that are its body: one of them at most. */
const bodyFields = [
  'json',
  'text',
  'bytes',
  'chunks',
  'events',
  'error',
  'redirect',
  'loading_model',
  'raw',
] as const satisfies readonly (keyof MockReply)[];

const replyFields = {
  status: optional(z.int('must be a status from 200 to 599').min(200).max(599)),
  headers: optional(z.record(z.string(), headerText)),
  retry_after: optional(z.union([z.number(), z.string()], 'must be seconds or a text')),
  retry_after_date: optional(z.number()),
  json: optional(z.json()),
  text: optional(z.string()),
  bytes: optional(bytes),
  chunks: optional(z.array(bytes)),
  events: optional(z.array(z.json())),
  error: optional(z.json()),
  error_after_chunks: optional(count),
  redirect: optional(z.string()),
  loading_model: optional(z.boolean()),
  raw: optional(bytes),
  content: optional(z.union([z.string(), z.array(z.string()).min(1)], 'must be a text or a list of texts')),
  reasoning_content: optional(z.string()),
  tool_calls: optional(z.array(z.strictObject({ name: z.string(), arguments: optional(z.json()) }))),
  finish_reason: optional(z.string()),
  usage: optional(usage),
  delay_ms: optional(milliseconds),
  first_byte_delay_ms: optional(milliseconds),
  chunk_delay_ms: optional(milliseconds),
  chunk_bytes: optional(z.int('must be a whole number from 1 on').min(1)),
  hang: optional(z.boolean()),
  hang_after_chunks: optional(count),
  reset: optional(z.boolean()),
  cut_after_chunks: optional(count),
  cut_after_bytes: optional(count),
  omit_done: optional(z.boolean()),
  close_delimited: optional(z.boolean()),
  gzip: optional(z.boolean()),
} satisfies Record<keyof MockReply, z.ZodType>;

const reply = z.strictObject(replyFields).superRefine((value, context) => {
  const [first, second] = bodyFields.filter((field) => value[field] !== undefined && value[field] !== false);
  if (second === undefined) return;
  context.addIssue({
    code: 'custom',
    path: [second],
    message: `a reply has one body, and this one has ${first} already`,
  });
});

const replies = z.array(reply, 'must be a list of replies').min(1, 'must have a reply');

const route = z.strictObject({
  path: optional(z.string().min(1)),
  method: optional(z.string().min(1)),
  model: optional(z.string()),
  replies,
} satisfies Record<keyof MockRoute, z.ZodType>);

/** The schema of a script file; a file that is a list is one of `replies`. */
export const scriptSchema = z.strictObject({
  profile: optional(z.enum(profileNames, `must be one of ${profileNames.join(', ')}`)),
  mount: optional(z.string().regex(/^(\/.*)?$/, 'must be empty or begin with /')),
  models: optional(z.array(z.union([z.string(), z.looseObject({ id: z.string() })], 'must be a name or {id: NAME}'))),
  require_key: optional(z.string().min(1)),
  delay_ms: optional(milliseconds),
  usage: optional(usage),
  magic_models: optional(z.boolean()),
  routes: optional(z.array(route)),
  replies: optional(replies),
} satisfies Record<keyof MockScript, z.ZodType>);

/** Every name that the schema knows, for "did you mean". */
export const knownNames: readonly string[] = [
  ...Object.keys(scriptSchema.shape),
  ...Object.keys(route.shape),
  ...Object.keys(replyFields),
  ...(['prompt_tokens', 'completion_tokens', 'total_tokens'] satisfies (keyof MockUsage)[]),
];
