import * as z from 'zod';
import type { TextFilter } from '../outcome.ts';
import { analyze } from '../privacy/analyze.ts';
import { recognizersOf } from '../privacy/found-values.ts';
import { hideMessages, restoreMessage, textsIn } from '../privacy/hidden-messages.ts';
import type { NotationName } from '../privacy/placeholder-form.ts';
import { Placeholders } from '../privacy/placeholders.ts';
import { recognizers } from '../privacy/recognizers.ts';
import type { Wrapper } from '../stage.ts';

/** No call sees the personal data of a request: placeholders stand for them, which the answer gets back as the data. */
export const privacy: Wrapper<Record<string, never>> = {
  kind: 'wrapper',
  name: 'privacy',
  parameters: z.strictObject({}) as z.ZodType<Record<string, never>>,
  maximumCalls: (inner) => inner,
  keepsStream: () => true,
  wrap: async (request, next, { settings: { analyzer }, signal }) => {
    const { messages, fields, question, original } = request;
    const shown = { messages, fields, question, original };
    const found = analyzer === undefined ? [] : await analyze(textsIn(shown), analyzer, signal);
    const placeholders = new Placeholders([...recognizers, ...recognizersOf(found)]);
    // All of it at once, so that what looks like a placeholder anywhere in it is known before names are given out.
    const hidden = hideMessages(shown, placeholders);
    const outcome = await next({ ...request, ...hidden });
    const { reply, text, metadata } = outcome;
    const { message } = reply;
    return {
      ...outcome,
      reply: { ...reply, message: restoreMessage(message, placeholders), text: placeholders.restore(reply.text) },
      text: text === undefined ? undefined : placeholders.restore(text),
      metadata: restoreMessage(metadata, placeholders),
      filter: restoring(placeholders, outcome.filter),
    };
  },
};

/** @param inner changes the text before */
function restoring(placeholders: Placeholders, inner?: TextFilter, notation: NotationName = 'text'): TextFilter {
  const restorer = placeholders.restorer(notation);
  return {
    push: (text) => restorer.push(inner === undefined ? text : inner.push(text)),
    end: () => restorer.push(inner?.end() ?? '') + restorer.end(),
    beside: (other) => restoring(placeholders, inner?.beside?.(other), other),
  };
}
