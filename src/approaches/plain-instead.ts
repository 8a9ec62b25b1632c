import { GatewayError } from '../gateway-error.ts';
import type { Answer } from '../types/answer.ts';
import type { Call } from '../types/call.ts';
import type { Approach } from './approach.ts';
import { allPlacedOf, type Plan } from './plan.ts';
import { asksForForm } from './response-format.ts';
import { single } from './single.ts';

/**
 * The plain call that is made in place of a plan which cannot answer such a request, and whose answer says why;
 * undefined: the plan can.
 * @throws GatewayError `invalid_request` where that is an error, or would send what the plan was to hide
 */
export function plainInstead(call: Call, plan: Plan, withTools: 'skip' | 'error'): Approach | undefined {
  const reason = whySkipped(call, plan, withTools);
  if (reason === undefined) return undefined;
  if (allPlacedOf(plan).every(({ stage }) => stage.name !== 'privacy')) return plainWith(`none; skipped=${reason}`);
  const message = `this approach hides personal data, and a request with "${reason}" would go out as a plain call that does not; leave "${reason}" out`;
  throw new GatewayError('invalid_request', message, { param: reason });
}

/** The field that a plan cannot deal with. */
function whySkipped(call: Call, { branches }: Plan, withTools: 'skip' | 'error'): string | undefined {
  const tools = call.fields.get('tools');
  const hasTools = Array.isArray(tools) && tools.length > 0 && call.fields.get('tool_choice') !== 'none';
  const takesTools = branches.every(
    ({ before, solver }) => solver === undefined && before.some(({ stage }) => stage.name === 'mcp'),
  );
  if (hasTools && !takesTools) {
    if (withTools === 'skip') return 'tools';
    const message = 'approaches are for text, and this route answers no requests with tools; leave "tools" out';
    throw new GatewayError('invalid_request', message, { param: 'tools' });
  }
  const hasFormat = asksForForm(call.fields.get('response_format'));
  const ownForm = branches.some(({ solver }) => solver !== undefined && !solver.stage.keepsFormat);
  return hasFormat && ownForm ? 'response_format' : undefined;
}

function plainWith(name: string): Approach {
  return {
    ...single,
    name,
    run: async (call, ask): Promise<Answer> => {
      const answer = await ask(call);
      return { ...answer, headers: [...answer.headers, ['x-headrace-approach', name]] };
    },
  };
}
