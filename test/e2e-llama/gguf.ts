/** A value of a GGUF file's metadata, with the type that it has in the file. */
export type GgufValue =
  | { readonly type: 'uint32' | 'float32'; readonly value: number }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'strings'; readonly value: readonly string[] }
  | { readonly type: 'float32s' | 'int32s'; readonly value: readonly number[] };

export interface GgufTensor {
  readonly name: string;
  /** Fastest running dimension first, as GGUF has it: a matrix is `[columns, rows]`. */
  readonly dimensions: readonly number[];
  /** As many as the product of the dimensions. */
  readonly values: Float32Array;
}

export interface GgufContents {
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly tensors: readonly GgufTensor[];
}

/** Bytes to which each tensor's data is aligned: the format's default, so it needs no metadata of its own. */
export const alignment = 32;

const typeNumbers = { uint32: 4, int32: 5, float32: 6, bool: 7, string: 8, array: 9 } as const;
const tensorTypeF32 = 0;

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function float32s(values: Iterable<number>): Buffer {
  const numbers = [...values];
  const bytes = Buffer.alloc(numbers.length * 4);
  for (const [index, number] of numbers.entries()) bytes.writeFloatLE(number, index * 4);
  return bytes;
}

function int32s(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, number] of values.entries()) bytes.writeInt32LE(number, index * 4);
  return bytes;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'utf8');
  return Buffer.concat([uint64(bytes.length), bytes]);
}

function array(elementType: number, length: number, elements: Buffer): Buffer {
  return Buffer.concat([uint32(typeNumbers.array), uint32(elementType), uint64(length), elements]);
}

/** The type's number and the value. */
function encodeValue(entry: GgufValue): Buffer {
  switch (entry.type) {
    case 'uint32':
      return Buffer.concat([uint32(typeNumbers.uint32), uint32(entry.value)]);
    case 'float32':
      return Buffer.concat([uint32(typeNumbers.float32), float32s([entry.value])]);
    case 'bool':
      return Buffer.concat([uint32(typeNumbers.bool), Buffer.from([entry.value ? 1 : 0])]);
    case 'string':
      return Buffer.concat([uint32(typeNumbers.string), text(entry.value)]);
    case 'strings':
      return array(typeNumbers.string, entry.value.length, Buffer.concat(entry.value.map(text)));
    case 'float32s':
      return array(typeNumbers.float32, entry.value.length, float32s(entry.value));
    case 'int32s':
      return array(typeNumbers.int32, entry.value.length, int32s(entry.value));
  }
}

function paddingAfter(length: number): Buffer {
  return Buffer.alloc((alignment - (length % alignment)) % alignment);
}

function encodeTensorInfo(tensor: GgufTensor, offset: number): Buffer {
  const count = tensor.dimensions.reduce((product, dimension) => product * dimension, 1);
  if (count !== tensor.values.length) {
    throw new RangeError(`${tensor.name}: ${tensor.values.length} values for ${tensor.dimensions.join(' x ')}`);
  }
  return Buffer.concat([
    text(tensor.name),
    uint32(tensor.dimensions.length),
    ...tensor.dimensions.map(uint64),
    uint32(tensorTypeF32),
    uint64(offset),
  ]);
}

/**
 * The bytes of a GGUF file, version 3, little endian: header, metadata, the tensors' descriptions, their data (F32).
 * @throws RangeError where a tensor has not as many values as its dimensions say
 */
export function encodeGguf({ metadata, tensors }: GgufContents): Buffer {
  const header = [Buffer.from('GGUF', 'latin1'), uint32(3), uint64(tensors.length), uint64(metadata.size)];
  for (const [name, value] of metadata) header.push(text(name), encodeValue(value));
  const data: Buffer[] = [];
  let offset = 0;
  for (const tensor of tensors) {
    header.push(encodeTensorInfo(tensor, offset));
    const bytes = float32s(tensor.values);
    const padding = paddingAfter(bytes.length);
    data.push(bytes, padding);
    offset += bytes.length + padding.length;
  }
  const head = Buffer.concat(header);
  return Buffer.concat([head, paddingAfter(head.length), ...data]);
}
