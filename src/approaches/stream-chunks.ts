/** Characters of one piece of a text that is sent in pieces. */
const pieceLength = 120;

export const keepAlive = Buffer.from(': keep-alive\n\n');
export const done = Buffer.from('data: [DONE]\n\n');

export function comment(line: string): Buffer {
  return Buffer.from(`: ${line}\n\n`);
}

export function event(value: object): Buffer {
  return Buffer.from(`data: ${JSON.stringify(value)}\n\n`);
}

/** A chunk of the answer that has this `id`, `created` and `model`. */
export function chunkOf({ id, created, model }: Readonly<Record<string, unknown>>, fields: object): object {
  return { id, object: 'chat.completion.chunk', created, model, ...fields };
}

/** Pieces that end between words where there are any, and never within a character. */
export function piecesOf(text: string): string[] {
  const pieces = text.match(new RegExp(`[\\s\\S]{1,${pieceLength}}(?:\\s|$)|[\\s\\S]{1,${pieceLength}}`, 'gu'));
  return pieces ?? [];
}
