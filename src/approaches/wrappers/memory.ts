import * as z from 'zod';
import { withQuestion } from '../conversation.ts';
import { chunksOf, mostChunks, splitQuestion } from '../long-context.ts';
import { commonParameters, count } from '../parameters.ts';
import { type Note, notedQuestion, noteRequest, readNote } from '../prompts/memory.ts';
import type { Task } from '../solver.ts';
import type { Wrapper } from '../stage.ts';

const parameters = z.strictObject({
  helper_max_tokens: commonParameters.helper_max_tokens,
  chunk_tokens: count('Tokens of a piece; a shorter context is left as it is.', 1_000_000, 8000, 10),
  notes_tokens: count('Tokens of all notes together.', 1_000_000, 4000, 10),
});

/**
 * Reads a long text piece by piece and answers from the notes (M. Russak and others, "Writing in the Margins: Better
 * Inference Pattern for Long Context Retrieval", arXiv 2408.14906).
 */
export const memory: Wrapper<z.output<typeof parameters>> = {
  kind: 'wrapper',
  name: 'memory',
  parameters,
  maximumCalls: (inner, { chunk_tokens }, question) =>
    inner + (question <= chunk_tokens ? 0 : mostChunks(question, chunk_tokens)),
  wholePrompts: () => 2, // each piece is read once, with what stands around the context
  keepsStream: () => true,
  wrap: async (request, next, task, { chunk_tokens, notes_tokens }) => {
    const { context, question } = splitQuestion(request.question, request.original);
    const tokensOf = (texts: readonly string[]) => task.tokensOf(texts);
    const [length = 0] = context === '' ? [0] : await tokensOf([context]);
    if (length <= chunk_tokens) return next(request);
    const pieces = await chunksOf(context, chunk_tokens, tokensOf);
    const notes = await Promise.all(pieces.map((piece, at) => takeNote(task, piece, at + 1, pieces.length, question)));
    const kept = await mostRelevant(
      notes.filter((note) => note !== undefined),
      notes_tokens,
      tokensOf,
    );
    const asked = notedQuestion(
      kept.map(({ text }) => text),
      question,
    );
    const messages = withQuestion(request.messages, asked);
    return next({ ...request, messages, question: asked, original: asked });
  },
};

async function takeNote(task: Task, piece: string, number: number, of: number, question: string) {
  const messages = withQuestion(task.messages, noteRequest(piece, number, of, question));
  const reply = await task.help({ messages, temperature: 0.1, isWhole: true });
  return readNote(reply.text);
}

/** The most relevant ones that fit, in their order; of the first that does not fit into an empty page, the beginning. */
async function mostRelevant(
  notes: readonly Note[],
  limit: number,
  tokensOf: (texts: readonly string[]) => Promise<readonly number[]>,
): Promise<Note[]> {
  const lengths = await tokensOf(notes.map(({ text }) => text));
  const ranked = notes
    .map((note, at) => ({ note, at, tokens: lengths[at] as number }))
    .toSorted((one, other) => other.note.relevance - one.note.relevance);
  const kept: { note: Note; at: number }[] = [];
  let left = limit;
  for (const { note, at, tokens } of ranked) {
    if (tokens <= left) {
      kept.push({ note, at });
      left -= tokens;
    } else if (kept.length === 0) {
      const [beginning = ''] = await chunksOf(note.text, limit, tokensOf);
      kept.push({ note: { ...note, text: beginning }, at });
      left = 0;
    }
  }
  return kept.toSorted((one, other) => one.at - other.at).map(({ note }) => note);
}
