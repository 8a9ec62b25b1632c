import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { LineBuffer } from './line-buffer.ts';

function openFile(): { fd: number; read: () => string } {
  const folder = mkdtempSync(join(tmpdir(), 'headrace-lines-'));
  const file = join(folder, 'log');
  const fd = openSync(file, 'a');
  onTestFinished(() => {
    closeSync(fd);
    rmSync(folder, { recursive: true });
  });
  return { fd, read: () => readFileSync(file, 'utf8') };
}

const lines = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => `line ${from + i} é\n`).join('');

describe('LineBuffer', () => {
  it('writes lines by itself after a while, in order', async () => {
    const { fd, read } = openFile();
    const buffer = new LineBuffer(fd);
    for (let i = 0; i < 5; i++) buffer.write(`line ${i} é\n`);
    expect(read()).toBe('');
    await expect.poll(read, { timeout: 20_000 }).toBe(lines(0, 5));
  });

  it('loses no line and doubles none, however much comes and whenever it is flushed', async () => {
    const { fd, read } = openFile();
    const buffer = new LineBuffer(fd);
    for (let i = 0; i < 50_000; i++) {
      buffer.write(`line ${i} é\n`);
      if (i % 9000 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await buffer.flush();
    expect([...read().matchAll(/line (\d+) /g)].map((match) => Number(match[1])).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 50_000 }, (_, i) => i),
    );
    expect(buffer.lost).toBe(0);
  });

  it('keeps going where nobody can be written to', async () => {
    const buffer = new LineBuffer(987_654);
    for (let i = 0; i < 20_000; i++) buffer.write(`${'x'.repeat(1000)}\n`);
    await buffer.flush();
    expect(buffer.lost).toBeGreaterThan(0);
  });
});
