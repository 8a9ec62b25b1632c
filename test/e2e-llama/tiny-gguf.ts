import { writeFile } from 'node:fs/promises';
import { encodeGguf, type GgufContents, type GgufTensor, type GgufValue } from './gguf.ts';

/** The sizes of the tiny model: a llama with random weights, about 600 kB as a file. */
export const tinyModel = {
  name: 'tiny-random-llama',
  layers: 2,
  width: 64,
  heads: 4,
  feedForward: 128,
  contextLength: 65_536,
  seed: 20_240_229,
} as const;

/** What a token is, by the numbers of the format. */
const tokenTypes = { normal: 1, unknown: 2, control: 3, byte: 6 } as const;

interface Token {
  readonly text: string;
  readonly type: number;
  readonly score: number;
  /** Whether the model likes to say it. */
  readonly spoken: boolean;
}

const space = '\u2581'; // how a SentencePiece vocabulary writes a blank

/** Syllables, whose every prefix is a token too, so that merging reaches them. */
function syllables(): string[] {
  return [...'bdfgklmnprstvz'].flatMap((consonant) => [...'aeiou'].map((vowel) => consonant + vowel));
}

/**
 * A SentencePiece vocabulary with byte fallback: specials, all 256 bytes, printable ASCII, and syllables with and
 * without a blank before them. Any text can be read; what is spoken is syllables, so it is legible and valid UTF-8.
 */
export function tinyVocabulary(): readonly Token[] {
  const special = (text: string, type: number): Token => ({ text, type, score: 0, spoken: false });
  const bytes = Array.from({ length: 256 }, (_, byte) =>
    special(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`, tokenTypes.byte),
  );
  const characters = [space, ...Array.from({ length: 94 }, (_, index) => String.fromCharCode(33 + index))];
  const pieces = [...characters, ...syllables(), ...syllables().map((syllable) => space + syllable)];
  return [
    special('<unk>', tokenTypes.unknown),
    special('<s>', tokenTypes.control),
    special('</s>', tokenTypes.control),
    ...bytes,
    ...pieces.map((text, index) => ({
      text,
      type: tokenTypes.normal,
      score: text.length - index / 1000, // the longer, the sooner it is merged
      spoken: text.length > 1,
    })),
  ];
}

const chatTemplate =
  "{{ bos_token }}{% for message in messages %}{{ message['role'] }}: {{ message['content'] }}\n{% endfor %}" +
  '{% if add_generation_prompt %}assistant:{% endif %}';

function metadata(vocabulary: readonly Token[]): ReadonlyMap<string, GgufValue> {
  const { name, layers, width, heads, feedForward, contextLength } = tinyModel;
  const number = (value: number): GgufValue => ({ type: 'uint32', value });
  const string = (value: string): GgufValue => ({ type: 'string', value });
  return new Map<string, GgufValue>([
    ['general.architecture', string('llama')],
    ['general.name', string(name)],
    ['general.file_type', number(0)], // all F32
    ['llama.vocab_size', number(vocabulary.length)],
    ['llama.context_length', number(contextLength)],
    ['llama.embedding_length', number(width)],
    ['llama.block_count', number(layers)],
    ['llama.feed_forward_length', number(feedForward)],
    ['llama.attention.head_count', number(heads)],
    ['llama.attention.head_count_kv', number(heads)],
    ['llama.attention.layer_norm_rms_epsilon', { type: 'float32', value: 1e-5 }],
    ['llama.rope.dimension_count', number(width / heads)],
    ['tokenizer.ggml.model', string('llama')],
    ['tokenizer.ggml.tokens', { type: 'strings', value: vocabulary.map((token) => token.text) }],
    ['tokenizer.ggml.scores', { type: 'float32s', value: vocabulary.map((token) => token.score) }],
    ['tokenizer.ggml.token_type', { type: 'int32s', value: vocabulary.map((token) => token.type) }],
    ['tokenizer.ggml.unknown_token_id', number(0)],
    ['tokenizer.ggml.bos_token_id', number(1)],
    ['tokenizer.ggml.eos_token_id', number(2)],
    ['tokenizer.ggml.add_bos_token', { type: 'bool', value: true }],
    ['tokenizer.chat_template', string(chatTemplate)],
  ]);
}

/** Numbers in [-1, 1), the same ones for the same seed. */
function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    // A linear congruential step; its high bits are random enough for weights.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

type Draw = (scale: number, ...dimensions: number[]) => Float32Array;

function layerTensors(layer: number, draw: Draw): GgufTensor[] {
  const { width, feedForward } = tinyModel;
  const scale = 1 / Math.sqrt(width);
  const matrix = (name: string, columns: number, rows: number): GgufTensor => ({
    name: `blk.${layer}.${name}.weight`,
    dimensions: [columns, rows],
    values: draw(scale, columns, rows),
  });
  const norm = (name: string): GgufTensor => ({
    name: `blk.${layer}.${name}.weight`,
    dimensions: [width],
    values: new Float32Array(width).fill(1),
  });
  return [
    norm('attn_norm'),
    matrix('attn_q', width, width),
    matrix('attn_k', width, width),
    matrix('attn_v', width, width),
    matrix('attn_output', width, width),
    norm('ffn_norm'),
    matrix('ffn_gate', width, feedForward),
    matrix('ffn_up', width, feedForward),
    matrix('ffn_down', feedForward, width),
  ];
}

/**
 * The tensors. The first feature of every embedding is a large constant, and the output's weight on it is positive for
 * spoken tokens and negative for all others, the end token too: the model talks until it is told to stop.
 */
function tensors(vocabulary: readonly Token[]): GgufTensor[] {
  const { width, layers, seed } = tinyModel;
  const next = randomNumbers(seed);
  const draw: Draw = (scale, ...dimensions) => {
    const count = dimensions.reduce((product, dimension) => product * dimension, 1);
    return Float32Array.from({ length: count }, () => next() * scale);
  };
  const embedding = draw(1, width, vocabulary.length);
  const output = draw(1, width, vocabulary.length);
  for (const [index, token] of vocabulary.entries()) {
    embedding[index * width] = 8;
    output[index * width] = token.spoken ? 4 : -4;
  }
  return [
    { name: 'token_embd.weight', dimensions: [width, vocabulary.length], values: embedding },
    ...Array.from({ length: layers }, (_, layer) => layerTensors(layer, draw)).flat(),
    { name: 'output_norm.weight', dimensions: [width], values: new Float32Array(width).fill(1) },
    { name: 'output.weight', dimensions: [width, vocabulary.length], values: output },
  ];
}

/** The whole tiny model, the same at every call. */
export function tinyGguf(): GgufContents {
  const vocabulary = tinyVocabulary();
  return { metadata: metadata(vocabulary), tensors: tensors(vocabulary) };
}

/** Writes the tiny model as a GGUF file that llama.cpp loads. */
export async function writeTinyGguf(path: string): Promise<void> {
  await writeFile(path, encodeGguf(tinyGguf()));
}
