import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SourceListFilter } from './source-list.ts';

const sources = [
  { url: 'https://a.example/', title: 'A\npage' },
  { url: 'https://b.example/', title: '' },
];
const list = '\n\nSources:\n1. A page: https://a.example/\n2. https://b.example/';

function whole(text: string, from = sources): string {
  const filter = new SourceListFilter(from);
  return filter.push(text) + filter.end();
}

describe('SourceListFilter', () => {
  test.each([
    ['Text [1].', 'Text [1].'],
    ['Text [1].\n\n', 'Text [1].'],
    ['Text.\n\n## Sources\n\n[1] https://invented.example/\n[7] Other\n', 'Text.'],
    ['Text.\n\n**References:**\n1. Someone, Something\n- more', 'Text.'],
    ['Text.\n\nSources:', 'Text.'],
    ['Text.\n\nSources:\n1. https://x.example/\n\nThat was it.', 'Text.\n\nThat was it.'],
    ['# Sources\nThe river has two.\n', '# Sources\nThe river has two.'],
    [
      '## References\n1. lvalues\n2. rvalues\n\n## Pointers\nNone.',
      '## References\n1. lvalues\n2. rvalues\n\n## Pointers\nNone.',
    ],
    ['Sources differ on that.', 'Sources differ on that.'],
    ['One\n\n  Two   \n', 'One\n\n  Two'],
    ['', ''],
  ])('%j', (text, kept) => {
    expect(whole(text)).toBe(kept + list);
  });

  test('without sources there is no list, and none of the model', () => {
    expect(whole('Text.\n\nSources:\n1. https://invented.example/', [])).toBe('Text.');
  });

  test('pieces of any size come to the same', () => {
    const line = fc.constantFrom(
      'Sources:',
      '## References',
      '1. https://x.example/',
      '[2] y',
      '- z',
      '',
      'Some text.',
      'so',
    );
    const text = fc.array(fc.tuple(line, fc.constantFrom('\n', '\n\n', ' ')), { maxLength: 12 });
    fc.assert(
      fc.property(text, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (lines, sizes) => {
        const joined = lines.flat().join('');
        const filter = new SourceListFilter(sources);
        let given = '';
        for (let at = 0, turn = 0; at < joined.length; turn++) {
          const size = sizes[turn % sizes.length] as number;
          given += filter.push(joined.slice(at, at + size));
          at += size;
        }
        expect(given + filter.end()).toBe(whole(joined));
      }),
    );
  });

  test('text goes on as it comes, but for the beginning of a line', () => {
    const filter = new SourceListFilter(sources);
    const sentence = 'This is a line that is longer than any heading of a list of sources would be,';
    expect(filter.push(sentence)).toBe(sentence);
    expect(filter.push(' and')).toBe(' and');
    expect(filter.push(' it ends.\nSourc')).toBe(' it ends.');
    expect(filter.push('es are rivers.\n')).toBe('\nSources are rivers.');
  });
});
