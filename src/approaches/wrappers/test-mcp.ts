import { type RoutingRig, startRouting } from '../../../test/acceptance/routing/rig.ts';
import type { MockReply, RecordedRequest } from '../../../test/fake-backend/fake-backend.ts';
import { type TestProgram, testProgram } from '../tools/test-tool-servers.ts';

// biome-ignore lint/suspicious/noExplicitAny: bodies are read as a client reads them, by the names of their fields
export type Json = any;
type Script = readonly MockReply[] | ((request: RecordedRequest, turn: number) => MockReply);

export interface McpRig extends RoutingRig {
  readonly program: TestProgram;
  /** Opens the server, so that no deadline of a request has to wait for it. */
  open(): Promise<unknown>;
  /** The bodies that the backend got, in order. */
  sent(): Json[];
}

export const usage = { prompt_tokens: 10, completion_tokens: 5 };
export const add = (a: number, b: number) => ({ name: 't__add', arguments: { a, b } });
export const calls = (...tool_calls: { name: string; arguments?: unknown }[]): MockReply => ({ tool_calls, usage });
export const says = (content: string): MockReply => ({ content, usage });
export const own = { type: 'function', function: { name: 'weather', parameters: { type: 'object' } } };

/** A route `r` that answers by `mcp` over the backend `u`, with the server of tools `t`. */
export async function startMcp(script: Script, route: object = {}): Promise<McpRig> {
  const program = await testProgram();
  const rig = await startRouting({
    backends: { u: script as never },
    settings: {
      approaches: { mcp_servers: { t: program.settings } },
      routes: { r: { model: 'u:m', approach: 'mcp', ...route } },
    },
  });
  return {
    ...rig,
    program,
    open: () => rig.gateway.gateway.runtime.tools.offered(undefined, new AbortController().signal),
    sent: () =>
      rig
        .backend('u')
        .posts()
        .map(({ json }) => json),
  };
}

export const bodyOf = (answer: { text: string }): Json => JSON.parse(answer.text);
export const resultsIn = (body: Json): Json[] => body.messages.filter(({ role }: Json) => role === 'tool');
export const eventsIn = (text: string): Json[] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('data: {'))
    .map((line) => JSON.parse(line.slice(6)));

/** A stream that says something and then asks for tools, each with these arguments. */
export function saysAndCalls(text: string, names: readonly string[], input: object = { a: 1, b: 2 }): MockReply {
  const chunk = (delta: object, finish_reason: string | null = null) => ({
    id: 'c1',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'm',
    choices: [{ index: 0, delta, finish_reason }],
  });
  const asking = names.map((name, index) => {
    const called = { name, arguments: JSON.stringify(input) };
    return chunk({ tool_calls: [{ index, id: `i${index}`, type: 'function', function: called }] });
  });
  return { events: [chunk({ role: 'assistant', content: text }), ...asking, chunk({}, 'tool_calls')] };
}
