import { JsonIndex } from '../bytes/json-index.ts';
import type { Call } from '../types/call.ts';
import type { Candidate } from '../types/route.ts';
import type { Say } from './explain.ts';

const longestValue = 80;

/** Says which top-level fields of the body change on its way upstream, and how. */
export function explainBody(call: Call, sent: Buffer, { config }: Candidate, say: Say): void {
  const after = JsonIndex.read(sent);
  let changes = 0;
  for (const field of after.fields) {
    const old = call.fields.find(field.key);
    const before = old === undefined ? undefined : call.body.toString('utf8', old.start, old.end);
    const now = sent.toString('utf8', field.start, field.end);
    if (before === now) continue;
    changes++;
    const fallback = before === undefined ? config?.parameters.get(field.key) : undefined;
    const lowered = fallback !== undefined && fallback !== now ? `, the default ${fallback} lowered to what fits` : '';
    const was = before === undefined ? 'absent' : shorten(before);
    say(`changed ${JSON.stringify(field.key)}`, `${was} -> ${shorten(now)}${lowered}`);
  }
  say('body', changes === 0 ? 'goes on byte for byte' : `all else goes on byte for byte; ${sent.length} bytes`);
}

/** JSON on one line, and not too much of it. */
function shorten(json: string): string {
  const line = json.replace(/\s+/g, ' ');
  return line.length > longestValue ? `${line.slice(0, longestValue)}...` : line;
}
