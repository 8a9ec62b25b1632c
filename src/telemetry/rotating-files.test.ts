import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { writeConfig } from '../../test/harness/test-gateway.ts';
import { RotatingFiles } from './rotating-files.ts';

async function write(
  lines: readonly string[],
  maxBytes: number,
  pauses: ReadonlySet<number> = new Set(),
  pauseMs = 20,
) {
  const folder = join(await writeConfig({}), 'files');
  const said: string[] = [];
  const failed = (why: string) => void said.push(why);
  const recovered = (lost: number) => void said.push(`${lost} lost`);
  const files = new RotatingFiles({ folder, maxBytes, maxFiles: 1_000_000, failed, recovered });
  for (const [index, line] of lines.entries()) {
    files.write(Buffer.from(line));
    if (pauses.has(index)) await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  await files.close();
  const names = lines.length === 0 ? [] : readdirSync(folder).toSorted();
  const contents = names.map((name) => readFileSync(join(folder, name), 'utf8'));
  return { contents, said, sizes: names.map((name) => statSync(join(folder, name)).size) };
}

it('writes every line once, whole and in its order, and keeps files to their size', async () => {
  const lengths = fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(lengths, fc.integer({ min: 50, max: 600 }), fc.nat(59), async (all, maxBytes, pause) => {
      const lines = all.map((length, index) => `${index} ${'é'.repeat(length)}`);
      const { contents, said, sizes } = await write(lines, maxBytes, new Set([pause]));
      expect(contents.join('')).toBe(lines.map((line) => `${line}\n`).join(''));
      expect(said).toEqual([]);
      sizes.forEach((size, index) => {
        const isOneLine = contents[index]?.trimEnd().includes('\n') === false;
        expect(size <= maxBytes || isOneLine).toBe(true);
      });
    }),
    { numRuns: 40 },
  );
});

it('writes whole blocks, in which spaces may stand at the ends of lines, among lines that come slowly', async () => {
  const burst = fc.record({ count: fc.integer({ min: 1, max: 300 }), length: fc.nat(9000) });
  const bursts = fc.array(burst, { minLength: 1, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(bursts, fc.integer({ min: 100_000, max: 4_000_000 }), async (all, maxBytes) => {
      const lines: string[] = [];
      const pauses = new Set<number>();
      for (const { count, length } of all) {
        for (let i = 0; i < count; i++) lines.push(`${lines.length}:${'x'.repeat(length)}`);
        pauses.add(lines.push(`${lines.length}: ends a burst`) - 1);
      }
      const { contents, said, sizes } = await write(lines, maxBytes, pauses, 300);
      const written = contents.flatMap((text) => text.split('\n').slice(0, -1));
      expect(written.map((line) => line.trim())).toEqual(lines);
      for (const text of contents) expect(text.endsWith('\n')).toBe(true);
      expect(said).toEqual([]);
      for (const size of sizes) expect(size).toBeLessThanOrEqual(maxBytes);
    }),
    { numRuns: 8 },
  );
});

it('takes lines that are longer than what is written at once, among short ones', async () => {
  const lines = ['short', 'x'.repeat(3_000_000), 'y'.repeat(131_072), 'z'.repeat(131_071), '', 'last'];
  const { contents } = await write(lines, 64 * 1024 * 1024);
  const written = contents
    .join('')
    .split('\n')
    .map((line) => line.trim()); // spaces fill up blocks
  expect(written.join('\n') === `${lines.join('\n')}\n`).toBe(true);
});

it('drops what is too much at once, counts it and says so once', async () => {
  const { contents, said } = await write(
    Array.from({ length: 40 }, () => 'x'.repeat(1024 * 1024)),
    2 ** 30,
  );
  const written = contents.join('').split('\n').length - 1;
  expect(said).toEqual(['the disk is too slow', `${40 - written} lost`]);
  expect(written).toBeGreaterThan(0);
});
