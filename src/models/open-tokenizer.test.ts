import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { Tokenizer as Library } from '@huggingface/tokenizers';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadOpenTokenizer } from './open-tokenizer.ts';
import { runSteps, type Tokenizer } from './tokenizer.ts';

const none = { normalizer: null, pre_tokenizer: null, post_processor: null, decoder: null };

/** Pairs of letters and of pairs, spaces as U+2581, unknown bytes as themselves: what Llama 2 does, but small. */
function bytePairFile() {
  const words = ['▁', ...'abcdefgh', 'ab', 'cd', 'abcd', '▁ab', 'aa', 'aaaa', '<think>', '<s>'];
  const bytes = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
  const vocab = Object.fromEntries([...words, ...bytes].map((word, id) => [word, id]));
  const merges = ['a b', 'c d', 'ab cd', '▁ ab', 'a a', 'aa aa'];
  return {
    ...none,
    normalizer: { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [{ SpecialToken: { id: '<s>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
      pair: [],
      special_tokens: { '<s>': { id: '<s>', ids: [words.indexOf('<s>')], tokens: ['<s>'] } },
    },
    added_tokens: [
      { id: words.indexOf('<s>'), content: '<s>', special: true },
      { id: words.indexOf('<think>'), content: '<think>', special: false },
    ],
    model: { type: 'BPE', byte_fallback: true, unk_token: null, vocab, merges },
  };
}

function unigramFile() {
  const vocab = [
    ['<unk>', 0],
    ['▁', -2],
    ['a', -3],
    ['b', -3],
    ['▁ab', -1],
    ['ab', -2.5],
  ];
  return {
    ...none,
    pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always' },
    added_tokens: [],
    model: { type: 'Unigram', unk_id: 0, vocab },
  };
}

function wordPieceFile() {
  const vocab = { '[UNK]': 0, un: 1, '##want': 2, '##ed': 3, want: 4, ',': 5 };
  return {
    ...none,
    pre_tokenizer: { type: 'BertPreTokenizer' },
    added_tokens: [{ id: 0, content: '[UNK]', special: true }],
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab,
    },
  };
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tokenizer-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function load(file: object): Promise<Tokenizer> {
  const path = join(folder, 'tokenizer.json');
  await writeFile(path, JSON.stringify(file));
  return loadOpenTokenizer(path);
}

describe('a tokenizer.json', () => {
  it('counts by its merges, without special tokens', async () => {
    const tokenizer = await load(bytePairFile());
    const count = (text: string) => runSteps(tokenizer.count(text));
    expect(count('abcd abg')).toBe(3);
    expect(count('')).toBe(0);
    expect(count('é')).toBe(2);
    expect(count('\ud800')).toBe(3);
  });

  it('takes the literal of a special token for text, and of another added token for that token', async () => {
    const tokenizer = await load(bytePairFile());
    expect(runSteps(tokenizer.count('<s>'))).toBe(3);
    expect(runSteps(tokenizer.count('ab<think>ab'))).toBe(3);
  });

  it('gives the same for long pieces in windows as the library does for the whole', async () => {
    const tokenizer = await load(bytePairFile());
    const library = new Library(bytePairFile(), {});
    const unit = fc.constantFrom('a', 'b', 'ab', 'cd', ' ', 'aaa', 'é', 'x', '😀');
    fc.assert(
      fc.property(
        fc.array(unit, { minLength: 10, maxLength: 60 }),
        fc.integer({ min: 100, max: 200 }),
        (units, times) => {
          const text = units.join('').repeat(times);
          const expected = library.tokenize(text, { add_special_tokens: false }).length;
          expect(runSteps(tokenizer.count(text))).toBe(expected);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('counts with a Unigram model, words apart and very long ones', async () => {
    const tokenizer = await load(unigramFile());
    expect(runSteps(tokenizer.count('ab ab'))).toBe(2);
    expect(runSteps(tokenizer.count('ab '.repeat(1000)))).toBe(1001);
    expect(runSteps(tokenizer.count('ab'.repeat(200_000)))).toBe(200_000);
  });

  it('counts with a WordPiece model', async () => {
    const tokenizer = await load(wordPieceFile());
    expect(runSteps(tokenizer.count('unwanted, want zzz'))).toBe(6);
  });

  it('names the file that it cannot use', async () => {
    const missing = join(folder, 'none.json');
    await expect(loadOpenTokenizer(missing)).rejects.toThrow(missing);
    await expect(load({ model: {} })).rejects.toThrow(/tokenizer\.json cannot be used: .*decoder/);
  });

  it('says what to install where the package is not there', async () => {
    const copy = join(folder, 'models');
    await cp(fileURLToPath(new URL('.', import.meta.url)), copy, { recursive: true });
    const url = pathToFileURL(join(copy, 'open-tokenizer.ts')).href;
    const script = `const { loadOpenTokenizer } = await import(${JSON.stringify(url)});
      await loadOpenTokenizer('/some/tokenizer.json').catch((error) => console.log(error.message));`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
      cwd: folder,
    });
    expect(stdout).toContain('/some/tokenizer.json needs the package @huggingface/tokenizers. Run `npm install');
  });
});
