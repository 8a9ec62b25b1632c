import { tagOf, tagPattern, thinkingNames } from './tags.ts';
import { ThinkingState } from './thinking-state.ts';

const tags = tagPattern([...thinkingNames, 'output']);

/**
 * The inside of the first `<output>` that does not stand within thinking, without outer white space: up to the closing
 * tag that belongs to it, or to the end where there is none. The whole text, unchanged, where no such tag comes.
 * Only what stands before a tag decides about it, so that a stream can be read as it comes ({@link OutputTagReader}):
 * an unbegun `</think>` after the tag changes nothing.
 */
export function readOutput(text: string): string {
  const thinking = new ThinkingState();
  let from: number | undefined;
  let depth = 0;
  for (const match of text.matchAll(tags)) {
    const tag = tagOf(match);
    if (tag.name !== 'output') {
      if (from === undefined) thinking.take(tag);
      continue;
    }
    if (tag.isEmpty || (from === undefined && (tag.isClosing || thinking.isThinking))) continue;
    depth += tag.isClosing ? -1 : 1;
    from ??= tag.end;
    if (depth === 0) return text.slice(from, tag.start).trim();
  }
  return from === undefined ? text : text.slice(from).trim();
}
