import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { version } from '../src/version.ts';
import { generatedDocuments } from './generated-documents.ts';

const read = (name: string) => readFile(new URL(`../${name}`, import.meta.url), 'utf8');

describe('the documentation', () => {
  it.each([...generatedDocuments()])('%s is what the code says now; npm run docs writes it', async (name, text) => {
    expect(await read(name)).toBe(text);
  });

  it('names the version of the package', async () => {
    expect(JSON.parse(await read('package.json'))).toMatchObject({ version });
  });
});
