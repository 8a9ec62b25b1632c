import type { MockReply } from '../src/mock/mock-reply.ts';
import { type MockServer, startMockServer } from '../src/mock/mock-server.ts';
import { draw } from './draw.ts';
import { type ModelReply, type ModelRequest, playModel, type Skill } from './scripted-model.ts';
import { addTokens, noTokens, type Usage, usageFrom } from './usage.ts';

/**
 * How a backend takes `n`: it gives as many choices, it gives one as if nothing had been asked, or it answers 400.
 * `copies` gives as many, all the same: what approaches must never do by themselves, to show that it would be seen.
 * `second` gives as many, and is asked where another backend before it has failed.
 */
export type UpstreamKind = 'honours' | 'ignores' | 'refuses' | 'copies' | 'second';

/** Whether a backend gives as many answers of its own as it is asked for. */
export function honoursSeveral(kind: UpstreamKind): boolean {
  return kind === 'honours' || kind === 'second';
}

/** What a backend did for one puzzle. */
export interface Account {
  /** Each call as `role:number@temperature`: choices asked for, or candidates shown; `refused` for a 400. Sorted. */
  readonly calls: readonly string[];
  /** The sum over all replies. */
  readonly usage: Usage;
  /** What no prompt should hold. */
  readonly faults: readonly string[];
}

const nothing: Account = { calls: [], usage: noTokens, faults: [] };

/** An OpenAI-compatible backend that plays models by draws, each under its own name, and keeps an account of it all. */
export class ScriptedUpstream {
  readonly #server: MockServer;
  readonly #accounts: Map<string, Account>;

  private constructor(server: MockServer, accounts: Map<string, Account>) {
    this.#server = server;
    this.#accounts = accounts;
  }

  /** @param skills by the names of the models */
  static async start(kind: UpstreamKind, skills: ReadonlyMap<string, Skill>): Promise<ScriptedUpstream> {
    const accounts = new Map<string, Account>();
    const server = await startMockServer({
      magic_models: false,
      replies: ({ json, model = '' }) => {
        const skill = skills.get(model);
        if (skill === undefined) throw new Error(`there is no model ${model}`);
        return replyTo(json as unknown as WholeRequest, kind, skill, (puzzle, call) => {
          const key = `${model}/${puzzle}`;
          accounts.set(key, added(accounts.get(key) ?? nothing, call));
        });
      },
    });
    return new ScriptedUpstream(server, accounts);
  }

  get baseUrl(): string {
    return this.#server.baseUrl;
  }

  account(model: string, puzzle: number): Account {
    return this.#accounts.get(`${model}/${puzzle}`) ?? nothing;
  }

  /** Forgets what came, to save memory. */
  clear(): void {
    this.#server.reset();
    this.#accounts.clear();
  }

  /** Rejects with what went wrong in answering, if something did. */
  close(): Promise<void> {
    return this.#server.close();
  }
}

type WholeRequest = ModelRequest & { readonly n?: number; readonly stream?: boolean };
type Note = (puzzle: number, call: Account) => void;

function replyTo(request: WholeRequest, kind: UpstreamKind, skill: Skill, note: Note): MockReply {
  const { n = 1 } = request;
  const played = playModel(request, honoursSeveral(kind) ? n : 1, skill);
  if (n > 1 && kind === 'refuses') {
    note(played.puzzle, { ...nothing, calls: ['refused'] });
    return {
      status: 400,
      json: { error: { message: 'Only one completion choice is allowed', type: 'invalid_request_error' } },
    };
  }
  const texts = kind === 'copies' ? Array.from({ length: n }, () => played.texts[0] ?? '') : played.texts;
  const usage = usageOf(played, skill, request);
  note(played.puzzle, { calls: [callOf(played, request)], usage, faults: faultsOf(played, request) });
  return request.stream === true ? { events: eventsOf(texts[0] ?? '', usage) } : { json: completionOf(texts, usage) };
}

function added(account: Account, { calls, usage, faults }: Account): Account {
  return {
    calls: [...account.calls, ...calls].sort(),
    usage: addTokens(account.usage, usage),
    faults: [...account.faults, ...faults],
  };
}

function callOf({ role, shown }: ModelReply, { n = 1, temperature }: WholeRequest): string {
  const heat = temperature === undefined ? '' : `@${temperature}`;
  return `${role}:${role === 'sample' ? n : shown.length}${heat}`;
}

/** Copied candidates, those of another puzzle, and thinking that was passed on. */
function faultsOf({ puzzle, shown }: ModelReply, { messages }: ModelRequest): string[] {
  const isTwice = new Set(shown.map(({ serial }) => serial)).size < shown.length;
  const isForeign = shown.some((attempt) => attempt.puzzle !== puzzle);
  const hasThinking = messages.some(({ content }) => content.includes('<think>'));
  return [
    ...(isTwice ? ['a candidate was shown twice'] : []),
    ...(isForeign ? ['a candidate of another task was shown'] : []),
    ...(hasThinking ? ['thinking was shown'] : []),
  ];
}

/** Other numbers for each reply, so that a reply that is left out or counted twice shows in the sum. */
function usageOf({ puzzle, role, shown }: ModelReply, { name }: Skill, { seed = 0 }: ModelRequest): Usage {
  const serial = role === 'rate' ? (shown[0]?.serial ?? 0) : seed;
  const tokens = (kind: string, most: number) => Math.floor(draw(name, kind, puzzle, role, serial) * most);
  return usageFrom(
    100 + tokens('prompt', 900),
    10 + tokens('completion', 490),
    tokens('cached', 100),
    tokens('reasoning', 10),
  );
}

/** The same as a stream, in pieces that fall anywhere in the text. */
function eventsOf(text: string, usage: Usage): object[] {
  const { choices, usage: _, ...whole } = completionOf([], usage);
  const chunk = (delta: object, finish_reason: string | null = null) => ({
    ...whole,
    object: 'chat.completion.chunk',
    choices: [{ index: 0, delta, finish_reason }],
  });
  const pieces = text.match(/[\s\S]{1,7}/gu) ?? [];
  return [
    chunk({ role: 'assistant', content: '' }),
    ...pieces.map((content) => chunk({ content })),
    chunk({}, 'stop'),
    { ...whole, object: 'chat.completion.chunk', choices: [], usage },
  ];
}

let serial = 0;

function completionOf(texts: readonly string[], usage: Usage) {
  serial++;
  return {
    id: `chatcmpl-scripted-${serial}`,
    object: 'chat.completion',
    created: Math.floor(Date.now() / 1000),
    model: 'scripted',
    choices: texts.map((content, index) => ({
      index,
      message: { role: 'assistant', content },
      logprobs: null,
      finish_reason: 'stop',
    })),
    usage,
  };
}
