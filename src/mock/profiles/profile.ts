import type { JsonObject } from '../json-object.ts';
import type { MockReply, MockUsage, ProfileName } from '../mock-reply.ts';

export type Endpoint = 'chat/completions' | 'completions' | 'embeddings' | 'models';

/** One JSON object of an answer on its way out: a whole body, a stream's chunk, or its last chunk. */
export interface AnswerPart {
  readonly kind: 'chat' | 'completion';
  readonly place: 'whole' | 'chunk' | 'last';
  readonly body: JsonObject;
  readonly usage: MockUsage | undefined;
}

/** What a profile sees of a request. */
export interface ProfileRequest {
  readonly method: string;
  readonly path: string;
}

/** How one kind of server differs from the others; all replies are those that it gives itself, unscripted. */
export interface Profile {
  readonly name: ProfileName;
  /** Where the endpoints are. */
  readonly mounts: readonly string[];
  /** What it lists if the script says nothing; empty: what the mock server itself knows. */
  readonly models: readonly string[];
  /** On every answer. */
  readonly headers: Readonly<Record<string, string>>;
  /** Whether `n` gives several choices. */
  readonly heedsN: boolean;
  /** Its `reasoning_content` where the reply pins none. */
  readonly reasoning: string | undefined;
  /** The body of an error. */
  errorBody(status: number, message: string, type: string, code: string | null): unknown;
  unauthorized(keyGiven: boolean): MockReply;
  /** A path or a method that is not served. */
  notFound(request: ProfileRequest): MockReply;
  /** Whether it answers this request without the key. */
  isOpen(request: ProfileRequest): boolean;
  /** Its pages besides the endpoints. */
  page(request: ProfileRequest): MockReply | undefined;
  /** The refusal of a request that it does not take. `models` are those that it has. */
  refusal(endpoint: Endpoint, body: JsonObject, models: readonly string[]): MockReply | undefined;
  /** The answer's part with the server's own fields. */
  dress(part: AnswerPart): JsonObject;
  /** One entry of its list of models. */
  listed(id: string): JsonObject;
}
