import type { Tag } from './tags.ts';

/** What a thinking tag does: begins or ends a block, ends one that nobody began, or stands within a block. */
export type ThinkingChange = 'begins' | 'ends' | 'ends-unbegun' | 'within' | 'nothing';

/** Follows the thinking tags of one text, in order, and knows whether the place after them is within thinking. */
export class ThinkingState {
  readonly #open: string[] = [];

  get isThinking(): boolean {
    return this.#open.length > 0;
  }

  /** Takes the next thinking tag. A closing tag also closes what was opened within its own block and left open. */
  take(tag: Tag): ThinkingChange {
    if (tag.isEmpty) return this.isThinking ? 'within' : 'nothing';
    if (!tag.isClosing) {
      this.#open.push(tag.name);
      return this.#open.length === 1 ? 'begins' : 'within';
    }
    const opened = this.#open.lastIndexOf(tag.name);
    this.#open.length = Math.max(opened, 0);
    if (opened === -1) return 'ends-unbegun';
    return opened === 0 ? 'ends' : 'within';
  }
}
