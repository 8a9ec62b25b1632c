import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeGguf } from './gguf.ts';
import { tinyModel, tinyVocabulary, writeTinyGguf } from './tiny-gguf.ts';

interface TensorInfo {
  readonly dimensions: readonly number[];
  readonly type: number;
  readonly offset: number;
}

interface ParsedFile {
  readonly version: number;
  readonly metadata: ReadonlyMap<string, unknown>;
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  readonly dataStart: number;
}

/** Reads a GGUF file by the format's description, apart from the writer. */
class GgufReader {
  readonly #bytes: Buffer;
  #position = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  #take(length: number): Buffer {
    const part = this.#bytes.subarray(this.#position, this.#position + length);
    if (part.length !== length) throw new Error(`the file ends at ${this.#bytes.length}`);
    this.#position += length;
    return part;
  }

  #uint32(): number {
    return this.#take(4).readUInt32LE();
  }

  #uint64(): number {
    return Number(this.#take(8).readBigUInt64LE());
  }

  #text(): string {
    return this.#take(this.#uint64()).toString('utf8');
  }

  #value(type: number): unknown {
    if (type === 4) return this.#uint32();
    if (type === 5) return this.#take(4).readInt32LE();
    if (type === 6) return this.#take(4).readFloatLE();
    if (type === 7) return this.#take(1)[0] === 1;
    if (type === 8) return this.#text();
    if (type !== 9) throw new Error(`type ${type} at ${this.#position}`);
    const element = this.#uint32();
    return Array.from({ length: this.#uint64() }, () => this.#value(element));
  }

  #tensor(): [string, TensorInfo] {
    const name = this.#text();
    const dimensions = Array.from({ length: this.#uint32() }, () => this.#uint64());
    return [name, { dimensions, type: this.#uint32(), offset: this.#uint64() }];
  }

  parse(): ParsedFile {
    const magic = this.#take(4).toString('latin1');
    if (magic !== 'GGUF') throw new Error(`begins with ${magic}`);
    const version = this.#uint32();
    const tensorCount = this.#uint64();
    const metadataCount = this.#uint64();
    const metadata = new Map<string, unknown>();
    for (let index = 0; index < metadataCount; index++) metadata.set(this.#text(), this.#value(this.#uint32()));
    const tensors = new Map(Array.from({ length: tensorCount }, () => this.#tensor()));
    return { version, metadata, tensors, dataStart: Math.ceil(this.#position / 32) * 32 };
  }
}

const product = (numbers: readonly number[]) => numbers.reduce((result, number) => result * number, 1);

describe('the tiny model', () => {
  let folder: string;
  let bytes: Buffer;
  let file: ParsedFile;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tiny-gguf-'));
    await writeTinyGguf(join(folder, 'a.gguf'));
    bytes = await readFile(join(folder, 'a.gguf'));
    file = new GgufReader(bytes).parse();
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('is a GGUF file of version 3 and of a few hundred kilobytes', () => {
    expect(file.version).toBe(3);
    expect(bytes.length).toBeGreaterThan(100_000);
    expect(bytes.length).toBeLessThan(1_000_000);
  });

  it('describes a llama whose numbers fit together', () => {
    const number = (name: string) => file.metadata.get(`llama.${name}`);
    expect(file.metadata.get('general.architecture')).toBe('llama');
    expect(number('block_count')).toBe(tinyModel.layers);
    expect(number('embedding_length')).toBe(tinyModel.width);
    expect(number('rope.dimension_count')).toBe(tinyModel.width / tinyModel.heads);
    expect(number('vocab_size')).toBe(tinyVocabulary().length);
    expect(number('attention.layer_norm_rms_epsilon')).toBeCloseTo(1e-5, 9);
  });

  it('has a vocabulary of distinct tokens with byte fallback, and a chat template', () => {
    const tokens = file.metadata.get('tokenizer.ggml.tokens') as string[];
    const types = file.metadata.get('tokenizer.ggml.token_type') as number[];
    expect(new Set(tokens).size).toBe(tokens.length);
    expect(types).toHaveLength(tokens.length);
    expect(file.metadata.get('tokenizer.ggml.scores')).toHaveLength(tokens.length);
    expect(tokens.slice(0, 3)).toEqual(['<unk>', '<s>', '</s>']);
    expect(types.slice(0, 3)).toEqual([2, 3, 3]);
    const byteTokens = tokens.filter((_, index) => types[index] === 6);
    expect(byteTokens).toHaveLength(256);
    expect([byteTokens[0], byteTokens[10], byteTokens[255]]).toEqual(['<0x00>', '<0x0A>', '<0xFF>']);
    expect(file.metadata.get('tokenizer.chat_template')).toContain('add_generation_prompt');
  });

  it('reaches every syllable by merging two tokens that exist', () => {
    const texts = new Set(tinyVocabulary().map((token) => token.text));
    for (const { text, spoken } of tinyVocabulary()) {
      if (!spoken) continue;
      const splits = Array.from({ length: text.length - 1 }, (_, index) => [
        text.slice(0, index + 1),
        text.slice(index + 1),
      ]);
      expect(splits.some((parts) => parts.every((part) => texts.has(part)))).toBe(true);
    }
  });

  it('lays the tensors out aligned, one after the other, to the end of the file', () => {
    let end = 0;
    for (const [name, { dimensions, type, offset }] of file.tensors) {
      expect(type, name).toBe(0);
      expect(offset, name).toBe(Math.ceil(end / 32) * 32);
      end = offset + product(dimensions) * 4;
    }
    expect(file.dataStart + Math.ceil(end / 32) * 32).toBe(bytes.length);
  });

  it('has the tensors of the architecture, in the right shapes', () => {
    const vocabulary = tinyVocabulary().length;
    const { width, feedForward, layers } = tinyModel;
    expect(file.tensors.size).toBe(3 + 9 * layers);
    expect(file.tensors.get('token_embd.weight')?.dimensions).toEqual([width, vocabulary]);
    expect(file.tensors.get('output.weight')?.dimensions).toEqual([width, vocabulary]);
    expect(file.tensors.get('output_norm.weight')?.dimensions).toEqual([width]);
    expect(file.tensors.get('blk.1.ffn_up.weight')?.dimensions).toEqual([width, feedForward]);
    expect(file.tensors.get('blk.1.ffn_down.weight')?.dimensions).toEqual([feedForward, width]);
  });

  it('prefers the spoken tokens and never the end token', () => {
    const start = file.dataStart + (file.tensors.get('output.weight')?.offset ?? Number.NaN);
    for (const [index, token] of tinyVocabulary().entries()) {
      const weight = bytes.readFloatLE(start + index * tinyModel.width * 4);
      expect(Math.sign(weight), token.text).toBe(token.spoken ? 1 : -1);
    }
  });

  it('is the same at every call', async () => {
    await writeTinyGguf(join(folder, 'b.gguf'));
    expect(bytes.equals(await readFile(join(folder, 'b.gguf')))).toBe(true);
  });
});

describe('encodeGguf', () => {
  it('refuses a tensor whose values are not as many as its dimensions say', () => {
    const tensors = [{ name: 'odd', dimensions: [2, 3], values: new Float32Array(5) }];
    expect(() => encodeGguf({ metadata: new Map(), tensors })).toThrow('odd: 5 values for 2 x 3');
  });

  it('pads every tensor, whatever its length', () => {
    const tensors = [1, 7, 8, 9].map((length) => ({
      name: `of ${length}`,
      dimensions: [length],
      values: Float32Array.from({ length }, (_, index) => index + 0.5),
    }));
    const bytes = encodeGguf({ metadata: new Map([['flag', { type: 'bool', value: true }]]), tensors });
    const file = new GgufReader(bytes).parse();
    expect(file.metadata.get('flag')).toBe(true);
    expect([...file.tensors.values()].map((tensor) => tensor.offset)).toEqual([0, 32, 64, 96]);
    for (const { name, values } of tensors) {
      const start = file.dataStart + (file.tensors.get(name)?.offset ?? Number.NaN);
      expect(values.map((_, index) => bytes.readFloatLE(start + index * 4))).toEqual(values);
    }
    expect(bytes.length % 32).toBe(0);
  });
});
