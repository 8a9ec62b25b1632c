import { countTokens as countCl100k } from 'gpt-tokenizer/encoding/cl100k_base';
import { countTokens as countO200k } from 'gpt-tokenizer/encoding/o200k_base';

/** T: the tokens of a text by itself; what looks like a special token is ordinary text. */
export function tokensOf(text: string, tokenizer: 'o200k_base' | 'cl100k_base' = 'o200k_base'): number {
  const count = tokenizer === 'o200k_base' ? countO200k : countCl100k;
  return count(text, { disallowedSpecial: new Set() });
}

interface Chat {
  readonly messages: readonly Record<string, unknown>[];
  readonly tools?: readonly unknown[];
  readonly functions?: readonly unknown[];
  readonly response_format?: { readonly json_schema?: unknown };
}

interface Part {
  readonly type: string;
  readonly text?: string;
  readonly refusal?: string;
  readonly image_url?: { readonly detail?: string };
}

/** What a chat measures by the rule that is published for it, worked out apart from the gateway's own counter. */
export function measuredChat(chat: Chat, tokenizer: 'o200k_base' | 'cl100k_base' = 'o200k_base'): number {
  const tokens = (text: unknown) => (typeof text === 'string' ? tokensOf(text, tokenizer) : 0);
  let measured = 3;
  for (const message of chat.messages) {
    measured += 3 + tokens(message.role) + tokens(message.reasoning_content) + tokens(message.refusal);
    if (typeof message.content === 'string') measured += tokens(message.content);
    for (const part of Array.isArray(message.content) ? (message.content as Part[]) : []) {
      measured += tokens(part.text) + tokens(part.refusal);
      if (part.type === 'image_url') measured += part.image_url?.detail === 'low' ? 85 : 765;
    }
    if (message.name !== undefined) measured += 1 + tokens(message.name);
    for (const call of (message.tool_calls ?? []) as { function: { name: string; arguments: string } }[]) {
      measured += tokens(call.function.name) + tokens(call.function.arguments);
    }
  }
  const definitions = [...(chat.tools ?? []), ...(chat.functions ?? [])];
  const schema = chat.response_format?.json_schema;
  if (schema !== undefined) definitions.push(schema);
  for (const definition of definitions) measured += tokens(JSON.stringify(definition));
  return measured;
}
