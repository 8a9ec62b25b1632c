import * as z from 'zod';
import { GatewayError } from '../../gateway-error.ts';
import { textOf } from '../conversation.ts';
import { createJsonCheck, isJson } from '../json-check.ts';
import { count } from '../parameters.ts';
import type { Branch, Plan } from '../plan.ts';
import { repairRequest } from '../prompts/json.ts';
import { asksForTools } from '../reply.ts';
import { readResponseFormat } from '../response-format.ts';
import type { StageOutcome, Wrapper } from '../stage.ts';

const parameters = z.strictObject({
  repairs: count('Further calls for an answer that is not the JSON that was asked for.', 10, 2, 0),
});

/**
 * Checks an answer against the `response_format` of its request, and has it repaired. Given is JSON alone: what stands
 * around it is left off.
 */
export const json: Wrapper<z.output<typeof parameters>> = {
  kind: 'wrapper',
  name: 'json',
  parameters,
  maximumCalls: (inner, { repairs }) => inner + repairs,
  keepsStream: ({ fields }) => readResponseFormat(fields) === undefined,
  wrap: async (request, next, task, { repairs }) => {
    const format = readResponseFormat(request.fields);
    if (format === undefined) return next(request);
    const check = await createJsonCheck(format);
    let outcome = await next(request);
    for (let done = 0; ; done++) {
      if (asksForTools(outcome.reply)) return outcome; // the answer comes when they have run
      const text = outcome.text ?? outcome.reply.text;
      const { json: found, problems } = check(text);
      const told = done === 0 ? outcome.metadata : { ...outcome.metadata, repairs: done };
      if (found !== undefined && problems.length === 0) return { ...jsonAlone(outcome, found), metadata: told };
      if (done === repairs) throw notRepaired(problems, done);
      const reply = await task.answer({ material: repairRequest(format, text, problems) });
      outcome = { reply, metadata: outcome.metadata };
    }
  },
};

/** The plan with this check right around the calls of each branch that does not have it anyway. */
export function withFormatCheck(plan: Plan): Plan {
  const placed = { stage: json, parameters: parameters.parse({}) } as unknown as Branch['before'][number];
  const branches = plan.branches.map((branch): Branch => {
    const has = branch.before.some(({ stage }) => stage.name === json.name);
    return has ? branch : { ...branch, before: [...branch.before, placed] };
  });
  return { ...plan, branches };
}

/** The message as it was sent where it is JSON already. */
function jsonAlone(outcome: StageOutcome, found: string): StageOutcome {
  const shown = outcome.text ?? textOf(outcome.reply.message.content);
  return isJson(shown) ? outcome : { ...outcome, text: found };
}

function notRepaired(problems: readonly string[], repairs: number): GatewayError {
  const summary = `the answer is not the JSON that "response_format" asks for, after ${repairs} repairs`;
  return new GatewayError('upstream_error', `${summary}: ${problems.join('; ')}`, { summary });
}
