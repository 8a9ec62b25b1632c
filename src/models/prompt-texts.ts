import { imageTokens, imageTypes } from './image-tokens.ts';
import { JsonSpan } from './json-span.ts';
import type { PromptKind } from './token-counter.ts';

/** What a request body makes a model read. Its tokens: `fixed` and those of each text by itself. */
export interface PromptTexts {
  /** What must fit the window together: the whole chat, or one entry of a `prompt` or `input`. */
  readonly entries: readonly PromptEntry[];
  /** The `type`s of parts that hold something that is not counted, such as `input_audio` and `file`. */
  readonly uncounted: readonly string[];
}

export interface PromptEntry {
  /** Tokens that need no tokenizer: what frames a message, images, token lists. */
  readonly fixed: number;
  readonly texts: readonly string[];
}

type Members = ReadonlyMap<string, JsonSpan>;

const tokensOfAnswerStart = 3;
const tokensOfMessage = 3;
const tokensOfName = 1;
const mostUncounted = 16;
const longestUncounted = 64;

/**
 * The texts that a request makes the model read. What has another type than the protocol gives it counts as its JSON
 * text, so that nothing is free and no body fails. The bytes of the body, and {@link imageTokens} for each image, are
 * never less than the count.
 *
 * @param body JSON in UTF-8, an object at the top
 * @throws SyntaxError where the body is no JSON
 */
export function promptTexts(kind: PromptKind, body: Uint8Array): PromptTexts {
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8');
  const members = JsonSpan.of(text).members();
  if (kind === 'chat') return new ChatTexts().read(members);
  return { entries: entriesOf(members.get(kind === 'completions' ? 'prompt' : 'input')), uncounted: [] };
}

/** Gathers the texts of a chat. */
class ChatTexts {
  #fixed = 0;
  readonly #texts: string[] = [];
  readonly #uncounted = new Set<string>();

  read(body: Members): PromptTexts {
    const messages = body.get('messages');
    if (isPresent(messages)) this.#fixed += tokensOfAnswerStart;
    this.#each(messages, (message) => this.#message(message));
    this.#each(body.get('tools'), (definition) => this.#json(definition));
    this.#each(body.get('functions'), (definition) => this.#json(definition));
    this.#json(body.get('response_format')?.members().get('json_schema'));
    return { entries: [{ fixed: this.#fixed, texts: this.#texts }], uncounted: [...this.#uncounted] };
  }

  #message(message: JsonSpan): void {
    if (message.kind === 'object') this.#messageOf(message.members());
    else this.#json(message);
  }

  #messageOf(members: Members): void {
    this.#fixed += tokensOfMessage;
    this.#text(members.get('role'));
    this.#content(members.get('content'));
    this.#text(members.get('refusal'));
    this.#text(members.get('reasoning_content'));
    this.#each(members.get('tool_calls'), (call) => this.#toolCall(call));
    this.#called(members.get('function_call'), 'arguments');
    if (isPresent(members.get('name'))) this.#fixed += tokensOfName;
    this.#text(members.get('name'));
  }

  #content(content: JsonSpan | undefined): void {
    if (content?.kind === 'array') this.#each(content, (part) => this.#part(part));
    else this.#text(content);
  }

  #part(part: JsonSpan): void {
    if (part.kind === 'object') this.#partOf(part.members());
    else this.#text(part);
  }

  #partOf(members: Members): void {
    const type = members.get('type')?.string() ?? '';
    const isImage = imageTypes.has(type);
    if (isImage) this.#fixed += hasLowDetail(members) ? imageTokens.low : imageTokens.high;
    this.#text(members.get('text'));
    this.#text(members.get('refusal'));
    if (!isImage && !isPresent(members.get('text')) && !isPresent(members.get('refusal'))) this.#leaveOut(type);
  }

  #toolCall(call: JsonSpan): void {
    const members = call.members();
    const called = members.get('function');
    const custom = members.get('custom');
    this.#called(called, 'arguments');
    this.#called(custom, 'input');
    if (!isPresent(called) && !isPresent(custom)) this.#json(call);
  }

  #called(called: JsonSpan | undefined, argument: string): void {
    if (called?.kind === 'object') {
      const members = called.members();
      this.#text(members.get('name'));
      this.#text(members.get(argument));
    } else this.#text(called);
  }

  #leaveOut(type: string): void {
    if (this.#uncounted.size < mostUncounted) this.#uncounted.add(type.slice(0, longestUncounted) || 'unknown');
  }

  /** What each element of a list adds; anything else in its place counts as its JSON. */
  #each(list: JsonSpan | undefined, add: (element: JsonSpan) => void): void {
    if (list?.kind === 'array') for (const element of list.elements()) add(element);
    else this.#json(list);
  }

  #text(value: JsonSpan | undefined): void {
    const text = value?.string();
    if (text === undefined) this.#json(value);
    else if (text !== '') this.#texts.push(text);
  }

  #json(value: JsonSpan | undefined): void {
    if (isPresent(value)) this.#texts.push(value.minified());
  }
}

function hasLowDetail(part: Members): boolean {
  const image = part.get('image_url');
  return (image?.members().get('detail') ?? part.get('detail'))?.string() === 'low';
}

function isPresent(value: JsonSpan | undefined): value is JsonSpan {
  return value !== undefined && value.kind !== 'null';
}

/** The entries of a `prompt` or `input`: a text, texts, a list of tokens, lists of tokens. */
function entriesOf(value: JsonSpan | undefined): PromptEntry[] {
  if (!isPresent(value)) return [];
  if (value.kind !== 'array') return [entryOf(value)];
  const tokens = countTokens(value);
  if (tokens !== undefined) return tokens > 0 ? [{ fixed: tokens, texts: [] }] : [];
  return [...value.elements()].map(entryOf);
}

function entryOf(value: JsonSpan): PromptEntry {
  const tokens = countTokens(value);
  if (tokens !== undefined) return { fixed: tokens, texts: [] };
  return { fixed: 0, texts: [value.string() ?? value.minified()] };
}

/** The length of a list of numbers, undefined for anything else. */
function countTokens(value: JsonSpan): number | undefined {
  if (value.kind !== 'array') return undefined;
  let tokens = 0;
  for (const element of value.elements()) {
    if (element.kind !== 'number') return undefined;
    tokens++;
  }
  return tokens;
}
