/** The part of it that is needed here; the types for it come with a browser's only. */
declare const WebAssembly: {
  readonly Memory: new (size: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
};

const wasmPageBytes = 64 * 1024;

/**
 * Pieces of memory of the same size, each of which begins where a page of the processor does: what is written past the
 * page cache has to. Node gives no such memory but that of WebAssembly. Empty where it cannot be had, as where the
 * process may not reserve the addresses.
 * @param bytes of each piece, a multiple of 4096
 */
export function alignedMemory(count: number, bytes: number): Buffer<ArrayBuffer>[] {
  const pages = Math.ceil((count * bytes) / wasmPageBytes);
  let all: ArrayBuffer;
  try {
    all = new WebAssembly.Memory({ initial: pages, maximum: pages }).buffer;
  } catch {
    return [];
  }
  return Array.from({ length: count }, (_, index) => Buffer.from(all, index * bytes, bytes));
}
