import { createHash } from 'node:crypto';

/** What OpenAI's API does not take in the name of a function. */
const unfit = /[^a-zA-Z0-9_-]/g;
const longestName = 64;
const digestLength = 8;

/**
 * Gives tools of servers their names for models, `server__tool`, made to fit, and each of its own. The same tools get the
 * same names every time, so that a conversation can go on with them.
 */
export class ToolNames {
  readonly #taken: Set<string>;

  /** @param taken by the client's own tools */
  constructor(taken: Iterable<string>) {
    this.#taken = new Set(taken);
  }

  /** Takes the name of one more tool. */
  take(server: string, tool: string): string {
    const whole = `${server}__${tool}`;
    const fitting = whole.replace(unfit, '_');
    // What was changed may be another tool's name as well, whichever of them comes first.
    let name = fitting === whole && whole.length <= longestName ? whole : withDigest(fitting, whole);
    for (let turn = 1; this.#taken.has(name); turn++) name = withDigest(fitting, `${whole}\0${turn}`);
    this.#taken.add(name);
    return name;
  }
}

function withDigest(name: string, of: string): string {
  const digest = createHash('sha256').update(of).digest('hex').slice(0, digestLength);
  return `${name.slice(0, longestName - digestLength - 1)}_${digest}`;
}
