import { createHash } from 'node:crypto';
import type { MockReply } from '../mock-reply.ts';
import { type AnswerContext, modelOf } from './answer-context.ts';
import { textsOf } from './completion-answer.ts';
import { usageOf } from './usage.ts';
import { countWords } from './words.ts';

const defaultDimensions = 8;

/** The default answer to an embedding: to each input a vector of length 1 that depends on its text only. */
export function embeddingAnswer(context: AnswerContext): MockReply {
  const { body } = context;
  const texts = textsOf(body.input);
  const dimensions = typeof body.dimensions === 'number' && body.dimensions > 0 ? body.dimensions : defaultDimensions;
  const data = texts.map((text, index) => {
    const vector = vectorOf(text, dimensions);
    return {
      object: 'embedding',
      index,
      embedding: body.encoding_format === 'base64' ? base64Of(vector) : [...vector],
    };
  });
  const words = texts.reduce((sum, text) => sum + countWords(text), 0);
  const usage = usageOf(context.usage, words, undefined);
  return { json: { object: 'list', data, model: modelOf(context), ...(usage && { usage }) } };
}

function vectorOf(text: string, dimensions: number): Float32Array {
  const values = new Float32Array(dimensions);
  for (let start = 0; start < dimensions; start += 8) {
    const digest = createHash('sha256').update(`${start}:${text}`).digest();
    for (let offset = 0; offset < 8 && start + offset < dimensions; offset += 1) {
      values[start + offset] = digest.readInt32LE(offset * 4) / 2 ** 31;
    }
  }
  const length = Math.hypot(...values);
  return values.map((value) => value / length);
}

/** Little-endian 32-bit floats, as OpenAI's `encoding_format: base64` has them. */
function base64Of(vector: Float32Array): string {
  const bytes = Buffer.alloc(vector.length * 4);
  for (const [index, value] of vector.entries()) bytes.writeFloatLE(value, index * 4);
  return bytes.toString('base64');
}
