import { readdirSync, readFileSync, readlinkSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { mountDisk } from '../../test/harness/mount-disk.ts';
import { writeConfig } from '../../test/harness/test-gateway.ts';
import { alignedMemory } from './aligned-memory.ts';
import { CaptureFile } from './capture-file.ts';

const block = 4096;
/** Elsewhere nothing is written past the page cache. */
const isLinux = process.platform === 'linux';

async function create(folder?: string) {
  const path = join(folder ?? (await writeConfig({})), 'lines');
  const file = await CaptureFile.create(path);
  onTestFinished(() => file.close());
  return { path, file, text: () => readFileSync(path, 'latin1') };
}

function blocks(count: number, letter: string): Buffer {
  const [memory] = alignedMemory(1, count * block);
  return (memory as Buffer).fill(letter);
}

/** How many of this process's descriptors of a file go past the page cache. */
function directDescriptors(path: string): number {
  const descriptors = readdirSync('/proc/self/fd').filter((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`) === path;
    } catch {
      return false; // closed meanwhile
    }
  });
  const flags = descriptors.map(
    (name) => /flags:\s*(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${name}`, 'utf8'))?.[1],
  );
  return flags.filter((flag) => (Number.parseInt(flag ?? '0', 8) & 0o40000) !== 0).length;
}

it('appends bytes and whole blocks in any order, each where the one before ends', async () => {
  const { file, text } = await create();
  await file.append(Buffer.from('first\n'));
  await file.appendBlocks(blocks(2, 'a'));
  await file.appendBlocks(blocks(1, 'b'));
  await file.append(Buffer.from('last\n'));
  await file.appendBlocks(blocks(1, 'c'));
  const expected = ['first\n', ' '.repeat(block - 6), 'a'.repeat(2 * block), 'b'.repeat(block), 'last\n'];
  expect(text()).toBe([...expected, ' '.repeat(block - 5), 'c'.repeat(block)].join(''));
  expect(file.bytes).toBe(6 * block);
});

it.runIf(isLinux)('writes blocks past the page cache, also where its name is gone', async () => {
  const { file, path, text } = await create();
  const moved = `${path}-moved`;
  renameSync(path, moved);
  await file.appendBlocks(blocks(1, 'a'));
  expect(directDescriptors(moved)).toBe(1);
  renameSync(moved, path);
  expect(text()).toBe('a'.repeat(block));
});

it('writes blocks the usual way from memory that does not begin where a page does', async () => {
  const { file, path, text } = await create();
  await file.append(Buffer.from('line\n'));
  const memory = blocks(2, 'a').subarray(100, 100 + block);
  await file.appendBlocks(memory);
  await file.appendBlocks(memory);
  expect(text()).toBe(`line\n${'a'.repeat(2 * block)}`);
  expect(file.bytes).toBe(5 + 2 * block);
  if (isLinux) expect(directDescriptors(path)).toBe(0);
});

it('takes away what was written only in part', async (context) => {
  const { file, text } = await create(await mountDisk(context, 2 * 1024 * 1024));
  await file.append(Buffer.from('line\n'));
  await expect(file.appendBlocks(blocks(600, 'a'))).rejects.toThrow('ENOSPC');
  expect(text().length).toBeGreaterThan(5);
  await file.undo();
  expect(text()).toBe('line\n');
});
