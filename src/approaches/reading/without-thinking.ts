import { tagOf, tagPattern, thinkingNames } from './tags.ts';
import { ThinkingState } from './thinking-state.ts';

const thinkingTags = tagPattern(thinkingNames);

/**
 * The text without the blocks `<think>`, `<thinking>` and `<reasoning>` (any case, with attributes, nested; one that is
 * never closed goes to the end) and without all that stands before a closing tag of these that was never opened.
 * White space stays as it is.
 */
export function withoutThinking(text: string): string {
  const state = new ThinkingState();
  let kept: string[] = [];
  let from = 0;
  for (const match of text.matchAll(thinkingTags)) {
    const tag = tagOf(match);
    const change = state.take(tag);
    if (change === 'begins' || change === 'nothing') kept.push(text.slice(from, tag.start));
    if (change === 'ends-unbegun') kept = [];
    if (change !== 'within') from = tag.end;
  }
  if (!state.isThinking) kept.push(text.slice(from));
  return kept.join('');
}
