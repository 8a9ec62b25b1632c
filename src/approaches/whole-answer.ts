import { GatewayError } from '../gateway-error.ts';
import type { Reply } from './reply.ts';
import type { AnswerOptions, Task } from './solver.ts';

/**
 * One answer that later steps build on: asked once more where a limit cut it off.
 * @param isBuiltOn whether they do on that reply; one that is the answer may be cut off
 * @throws GatewayError `upstream_error` where it is cut off again
 */
export async function wholeAnswer(
  task: Task,
  options: AnswerOptions,
  isBuiltOn: (reply: Reply) => boolean = () => true,
): Promise<Reply> {
  const reply = await task.answer(options);
  if (reply.finishReason !== 'length' || !isBuiltOn(reply)) return reply;
  const again = await task.answer(options);
  if (again.finishReason !== 'length' || !isBuiltOn(again)) return again;
  throw new GatewayError('upstream_error', 'a step of the approach was cut off twice by the limit of its output');
}
