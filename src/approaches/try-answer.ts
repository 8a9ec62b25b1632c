import type { Reply } from './reply.ts';
import { endsAll } from './sampling.ts';
import type { AnswerOptions, Task } from './solver.ts';

/**
 * One more candidate, which is left out where it fails.
 * @returns undefined where it failed, after `failed` was told why
 * @throws what ends the whole approach: a refused key, a client that left, a spent budget
 */
export async function tryAnswer(
  task: Task,
  options: AnswerOptions,
  failed: (error: unknown) => void = () => undefined,
): Promise<Reply | undefined> {
  try {
    return await task.answer(options);
  } catch (error) {
    if (endsAll(error)) throw error;
    failed(error);
    return undefined;
  }
}
