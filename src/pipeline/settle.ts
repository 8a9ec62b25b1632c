import type { TokenCounter } from '../models/token-counter.ts';
import type { Finish } from '../types/answer.ts';
import type { FittedCall } from '../types/call.ts';
import type { Candidate } from '../types/route.ts';
import type { Ticket } from '../types/ticket.ts';

/**
 * Puts the truth in place of what was reserved: the backend's own count, or where it gave none, the count of the
 * prompt and of what was answered.
 */
export async function settle(
  ticket: Ticket,
  call: FittedCall,
  candidate: Candidate,
  finish: Finish,
  counter: TokenCounter,
): Promise<void> {
  const { reservation } = ticket;
  if (reservation === undefined) return;
  const total = finish.usage?.totalTokens;
  if (total !== undefined) return reservation.settle(total);
  const prompt = call.promptTokens ?? 0;
  const text = finish.text?.() ?? '';
  if (text === '') return reservation.settle(prompt);
  const [answer] = await counter.count([text], candidate.config?.tokenizer ?? 'o200k_base');
  reservation.settle(prompt + (answer ?? 0));
}
