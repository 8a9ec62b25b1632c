import type { Protocol } from '../../types/protocol.ts';
import type { Stop } from '../../types/stop.ts';
import type { Usage } from '../../types/usage.ts';

/** Of a stream's chunks what all of them say. */
const sharedFields = ['id', 'object', 'created', 'model', 'system_fingerprint', 'service_tier'];

export interface StoppedStream {
  readonly stop: Stop;
  readonly protocol: Protocol;
  /** One of its chunks. */
  readonly like: Readonly<Record<string, unknown>>;
  /** The choices that have no reason to finish yet. */
  readonly open: readonly number[];
  /** What it took, where the client wants to know; undefined: it does not, or nobody knows. */
  readonly usage: Usage | undefined;
}

/** The events by which a stream ends that the gateway stops, as they stand behind the last whole event of the backend. */
export function stopEvents({ stop, protocol, like, open, usage }: StoppedStream): Buffer {
  const isChat = protocol.kind === 'chat';
  const shared: Record<string, unknown> = { object: isChat ? 'chat.completion.chunk' : 'text_completion' };
  for (const name of sharedFields) if (like[name] !== undefined) shared[name] = like[name];
  const told = { headrace: { stopped: stop.why, limit: stop.limit } };
  const choices = open.map((index) => {
    const nothing = isChat ? { delta: {} } : { text: '' };
    return { index, ...nothing, logprobs: null, finish_reason: 'length' };
  });
  let text = `: ${comment(stop)}\n\n`;
  if (choices.length > 0) text += event({ ...shared, choices, ...(usage && { usage: null }), ...told });
  if (usage !== undefined) text += event({ ...shared, choices: [], usage: written(usage), ...toldOfUsage(stop) });
  return Buffer.from(`${text}data: [DONE]\n\n`);
}

/** Names of limits are free text, and a comment ends with its line. */
function comment({ why, limit }: Stop): string {
  const line = `headrace stopped: ${why}${limit === undefined ? '' : ` ${limit}`}`;
  return line.replaceAll(/\p{Cc}/gu, ' ');
}

function toldOfUsage({ isCounted }: Stop): object {
  return { headrace: { usage_source: isCounted ? 'counted' : 'reported' } };
}

function written({ promptTokens = 0, completionTokens = 0, totalTokens }: Usage): object {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: totalTokens ?? promptTokens + completionTokens,
  };
}

function event(value: object): string {
  return `data: ${JSON.stringify(value)}\n\n`;
}
