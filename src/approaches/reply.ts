import type { Message } from './conversation.ts';
import { textOf } from './conversation.ts';
import { withoutThinking } from './reading/without-thinking.ts';

/** One choice of one upstream answer. */
export interface Reply {
  /** As the backend sent it. */
  readonly message: Message;
  /** Its text without any thinking. */
  readonly text: string;
  readonly finishReason: string | null;
  /** The whole choice, with what else is in it, such as `logprobs`. */
  readonly choice: Readonly<Record<string, unknown>>;
  /** The answer that it came in: `id`, `created`, `model` ... */
  readonly response: Readonly<Record<string, unknown>>;
  /** `backend:model` of who gave it. */
  readonly target: string;
  /** Its bytes are on their way to the client already. */
  readonly isLive: boolean;
}

/** Whether the client is to run tools before the conversation goes on. */
export function asksForTools({ message }: Reply): boolean {
  return Array.isArray(message.tool_calls) && message.tool_calls.length > 0;
}

/** The choices of a whole answer, as replies. */
export function readReplies(response: Readonly<Record<string, unknown>>, target: string): Reply[] {
  const choices = Array.isArray(response.choices) ? (response.choices as Record<string, unknown>[]) : [];
  return choices.map((choice) => {
    const message = (choice.message ?? { role: 'assistant', content: '' }) as Message;
    const finishReason = typeof choice.finish_reason === 'string' ? choice.finish_reason : null;
    const text = withoutThinking(textOf(message.content)).trim();
    return { message, text, finishReason, choice, response, target, isLive: false };
  });
}
