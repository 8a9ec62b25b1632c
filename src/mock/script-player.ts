import type { MockReply, MockRoute, MockScript } from './mock-reply.ts';
import type { RecordedRequest } from './recorded-request.ts';

/** Takes the replies of a script in turn, each route for itself. */
export class ScriptPlayer {
  readonly #routes: readonly MockRoute[];
  readonly #turns = new Map<MockRoute, number>();

  constructor(script: MockScript) {
    const rest: MockRoute[] = script.replies === undefined ? [] : [{ replies: script.replies }];
    this.#routes = [...(script.routes ?? []), ...rest];
  }

  /**
   * The scripted reply to the request; undefined: no route fits.
   * @param endpoint what the path is under the mount path; undefined: not under it
   */
  async next(request: RecordedRequest, endpoint: string | undefined): Promise<MockReply | undefined> {
    const route = this.#routes.find((candidate) => fits(candidate, request, endpoint));
    if (route === undefined) return undefined;
    const turn = this.#turns.get(route) ?? 0;
    this.#turns.set(route, turn + 1);
    const { replies } = route;
    return typeof replies === 'function' ? replies(request, turn) : replies[Math.min(turn, replies.length - 1)];
  }

  /** All lists begin anew. */
  rewind(): void {
    this.#turns.clear();
  }
}

const postEndpoints = new Set(['chat/completions', 'completions', 'embeddings']);

function fits(route: MockRoute, request: RecordedRequest, endpoint: string | undefined): boolean {
  if (route.method !== undefined && route.method.toUpperCase() !== request.method) return false;
  if (route.model !== undefined && route.model !== request.model) return false;
  if (route.path === undefined) {
    return request.method === 'POST' && endpoint !== undefined && postEndpoints.has(endpoint);
  }
  return route.path.startsWith('/') ? route.path === request.path : route.path === endpoint;
}
