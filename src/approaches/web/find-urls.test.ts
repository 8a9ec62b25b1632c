import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findUrls } from './find-urls.ts';

test.each<[string, string[]]>([
  ['What does https://example.org/a say?', ['https://example.org/a']],
  ['Compare http://a.example/x, https://b.example/y; done.', ['http://a.example/x', 'https://b.example/y']],
  ['(see https://en.example.org/wiki/Wheel_(water)).', ['https://en.example.org/wiki/Wheel_(water)']],
  ['[text](https://example.org/a) and <https://example.org/b>', ['https://example.org/a', 'https://example.org/b']],
  ['"https://example.org/?q=a&b=c#part"', ['https://example.org/?q=a&b=c#part']],
  ['**https://example.org/a**', ['https://example.org/a']],
  ["https://example.org/it's 'https://example.org/b'", ["https://example.org/it's", 'https://example.org/b']],
  ['HTTPS://Example.ORG/A', ['HTTPS://Example.ORG/A']],
  ['http://[2001:db8::1]:8080/a].', ['http://[2001:db8::1]:8080/a']],
  ['见：https://example.org/页。下一个', ['https://example.org/页']],
  ['https://archive.example/2020/http://example.org/', ['https://archive.example/2020/http://example.org/']],
  ['one https://a.example/ twice https://a.example/#x https://A.example', ['https://a.example/']],
  ['ftp://a.example git+https://b.example javascript:alert(1) //c.example https:// http://', []],
  ['https://a.example\\n', ['https://a.example']],
  [`https://a.example/${'x'.repeat(3000)} https://b.example`, ['https://b.example']],
])('finds them in %j', (text, urls) => expect(findUrls(text)).toEqual(urls));

test('gives no more than asked for', () => {
  const text = Array.from({ length: 50 }, (_, index) => `https://a.example/${index}`).join(' ');
  expect(findUrls(text)).toHaveLength(20);
  expect(findUrls(text, 3)).toEqual(['https://a.example/0', 'https://a.example/1', 'https://a.example/2']);
});

test('whatever the text, what is found can be read as a URL and stands in the text', () => {
  const piece = fc.oneof(
    fc.string(),
    fc.webUrl(),
    fc.constantFrom('http://', 'https://', '(', ')', '[', ']', '.', ' ', '\\'),
  );
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const text = pieces.join('');
      for (const url of findUrls(text)) {
        expect(text).toContain(url);
        expect(new URL(url).protocol).toMatch(/^https?:$/);
      }
    }),
  );
});

test('a hostile text takes no noticeable time', () => {
  const begin = performance.now();
  for (const piece of ['http://', 'https://a.b/(', 'http://a/) ', '((((', 'http://a[[[[', 'https', '.http://a.b/?'])
    findUrls(piece.repeat(200_000));
  expect(performance.now() - begin).toBeLessThan(20_000);
});
