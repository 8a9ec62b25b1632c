import { crc32 } from 'node:zlib';
import type { JsonField } from '../bytes/json-index.ts';
import type { Call } from '../types/call.ts';
import { firstUserMessageEnd } from './first-user-message.ts';
import { mix } from './mix.ts';

/** Bytes that are looked at, of which tools may have a quarter, since otherwise they could be all that is seen. */
const most = 65_536;
const mostOfTools = most / 4;
const mostOfPrompt = 1024;

/**
 * A number of 32 bits for the conversation that a call belongs to: equal for all its turns and different from those of
 * other callers; 0 where it belongs to none. It is that of `prompt_cache_key` where the client gives one; else of the
 * tools and of the messages through the first one of the user, byte for byte; else of the beginning of the prompt.
 */
export function conversationKey(call: Call, callerName: string): number {
  const { fields, protocol } = call;
  if (protocol.kind === 'embeddings') return 0;
  const named = fields.find('prompt_cache_key');
  // A text that is not empty.
  if (named !== undefined && call.body[named.start] === 0x22 && named.end - named.start > 2) {
    return conversation(hashed(call.body, named.start, Math.min(named.end, named.start + most), seed(callerName, 1)));
  }
  const prompt = fields.find(protocol.promptField);
  if (prompt === undefined) return 0;
  return protocol.kind === 'chat' ? ofMessages(call, prompt, callerName) : ofPrompt(call, prompt, callerName);
}

function ofMessages({ body, fields }: Call, messages: JsonField, callerName: string): number {
  let hash = seed(callerName, 2);
  let left = most;
  const tools = fields.find('tools');
  if (tools !== undefined) {
    const length = Math.min(tools.end - tools.start, mostOfTools);
    hash = hashed(body, tools.start, tools.start + length, hash);
    left -= length;
  }
  const end = firstUserMessageEnd(body, messages.start, Math.min(messages.end, messages.start + left));
  return end === undefined ? 0 : conversation(hashed(body, messages.start, end, hash));
}

function ofPrompt({ body }: Call, { start, end }: JsonField, callerName: string): number {
  return conversation(hashed(body, start, Math.min(end, start + mostOfPrompt), seed(callerName, 3)));
}

/** @param kind keeps conversations apart that are known by different things */
function seed(callerName: string, kind: number): number {
  return mix(crc32(callerName) + kind);
}

function hashed(body: Buffer, start: number, end: number, seeded: number): number {
  return mix(crc32(body.subarray(start, end), seeded));
}

function conversation(hash: number): number {
  return hash === 0 ? 1 : hash;
}
