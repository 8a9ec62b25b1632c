import { fenced } from '../fenced.ts';
import type { ResponseFormat } from '../response-format.ts';

/** What stands in the system message where a backend does not take `response_format`. */
export function formatInstruction({ schema }: ResponseFormat): string {
  const only = 'Answer with JSON only: no other text, no code fence.';
  if (schema === undefined) return `${only} It must be one JSON object.`;
  return `${only} It must be valid against this JSON schema:\n${JSON.stringify(schema)}`;
}

/** Asks for a reply anew, of which is told what is wrong. */
export function repairRequest(format: ResponseFormat, reply: string, problems: readonly string[]): string {
  return [
    'This reply to the conversation above is not the JSON that was asked for:',
    fenced([reply], 'reply'),
    `What is wrong with it:\n${problems.map((problem) => `- ${problem}`).join('\n')}`,
    `Give the whole reply again without these faults. ${formatInstruction(format)}`,
  ].join('\n\n');
}
