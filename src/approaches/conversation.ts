/** A message as it was sent; what the gateway does not know of it is kept. */
export type Message = Readonly<Record<string, unknown>> & { readonly role: string };

/** The text of a message's content, the text parts of a list joined by line feeds. */
export function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  const texts = content.map((part: { type?: unknown; text?: unknown } | null) =>
    part?.type === 'text' && typeof part.text === 'string' ? part.text : undefined,
  );
  return texts.filter((text) => text !== undefined).join('\n');
}

/** Where the last user message stands; -1: there is none. */
export function lastUserAt(messages: readonly Message[]): number {
  return messages.findLastIndex(({ role }) => role === 'user');
}

/** With an instruction in the system message, which is made if there is none. */
export function withInstruction(messages: readonly Message[], instruction: string): Message[] {
  const at = messages.findIndex(({ role }) => role === 'system' || role === 'developer');
  if (at < 0) return [{ role: 'system', content: instruction }, ...messages];
  const system = messages[at] as Message;
  const { content } = system;
  const added = Array.isArray(content)
    ? [...content, { type: 'text', text: instruction }]
    : `${textOf(content)}\n\n${instruction}`;
  return messages.with(at, { ...system, content: added });
}

/** With one more user message at the end. */
export function withMaterial(messages: readonly Message[], material: string): Message[] {
  return [...messages, { role: 'user', content: material }];
}

/** With other text in the last user message; what is no text of it stays once, behind the text. */
export function withQuestion(messages: readonly Message[], question: string): Message[] {
  const at = lastUserAt(messages);
  if (at < 0) return withMaterial(messages, question);
  const message = messages[at] as Message;
  const { content } = message;
  const changed = Array.isArray(content)
    ? [{ type: 'text', text: question }, ...content.filter((part: { type?: unknown } | null) => part?.type !== 'text')]
    : question;
  return messages.with(at, { ...message, content: changed });
}
