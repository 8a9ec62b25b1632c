import * as z from 'zod';
import type { ApproachesConfig } from '../../config/approaches-config.ts';
import { didYouMean } from '../../config/suggest.ts';
import { count } from '../parameters.ts';
import type { Wrapper } from '../stage.ts';
import { ToolCalls } from '../tools/tool-calls.ts';
import { type RanTool, Toolbox } from '../tools/toolbox.ts';

const parameters = z.strictObject({
  servers: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe('Which of `approaches.mcp_servers` are offered, by their names; all if left out.'),
  max_rounds: count('Rounds of tools for each answer; the call after the last one may ask for none.', 100, 8),
  tool_timeout: z.number().min(0.1).max(3600).default(30).describe('Seconds that one call of a tool may take.'),
});
type Parameters = z.output<typeof parameters>;

/**
 * Offers the tools of MCP servers to whatever answers, runs those that a reply asks for, and asks again with their
 * results. The client's own tools stay its own. Helper calls have no tools.
 */
export const mcp: Wrapper<Parameters> = {
  kind: 'wrapper',
  name: 'mcp',
  parameters,
  maximumCalls: (inner, { max_rounds }) => inner * (max_rounds + 1),
  keepsStream: () => true,
  missing: ({ mcpServers }, { servers = [] }) => missingServer(mcpServers, servers),
  wrap: async (request, next, task, { servers, max_rounds, tool_timeout }) => {
    const { tools, tool_choice, parallel_tool_calls } = request.fields;
    const { signal, services } = task;
    const offered = tool_choice === 'none' ? [] : await services.tools.offered(servers, signal);
    const ran: RanTool[] = [];
    const toolbox = new Toolbox({
      own: Array.isArray(tools) ? tools : [],
      offered,
      timeoutMs: tool_timeout * 1000,
      signal,
      ran: (tool) => ran.push(tool),
    });
    const settings = {
      ...(tool_choice !== undefined && { tool_choice }),
      ...(parallel_tool_calls !== undefined && { parallel_tool_calls }),
    };
    const outcome = await next({
      ...request,
      through: (calls) =>
        new ToolCalls(request.through?.(calls) ?? calls, { toolbox, maxRounds: max_rounds, settings }),
    });
    // A live answer may still ask for tools: the list is read when it has ended.
    return { ...outcome, metadata: { ...outcome.metadata, tools: ran } };
  },
};

function missingServer(known: ApproachesConfig['mcpServers'], asked: readonly string[]): string | undefined {
  if (known.size === 0) return 'there are no servers of tools; name them under approaches.mcp_servers in headrace.yaml';
  const unknown = asked.find((name) => !known.has(name));
  if (unknown === undefined) return undefined;
  const there = [...known.keys()].join(', ');
  return `there is no server of tools "${unknown.slice(0, 100)}"${didYouMean(unknown, known.keys())}; those of approaches.mcp_servers are ${there}`;
}
