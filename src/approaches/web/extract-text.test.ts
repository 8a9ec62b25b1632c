import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { extractText } from './extract-text.ts';

const text = async (html: string) => (await extractText(html)).text;
const long = 'Water turns the wheel. '.repeat(12).trim();

describe('what is kept', () => {
  test.each<[string, string, string]>([
    ['headings', '<h1>One <em>and</em> all</h1><h3>Three</h3>', '# One and all\n\n### Three'],
    ['paragraphs without ends', '<p>First\n  line<p>Second', 'First line\n\nSecond'],
    ['line ends', '<p>first<br>second<br/>third</p>', 'first\nsecond\nthird'],
    [
      'entities',
      '<p>&lt;b&gt; &amp;amp; &eacute;&#x41;&#66;&nbsp;&hellip; &unknown; &copy',
      '<b> &amp; éAB … &unknown; ©',
    ],
    [
      'lists',
      '<ul><li>one<li>two<ol><li>deep</li><li>next</ol></ul>after',
      '- one\n- two\n  1. deep\n  2. next\n\nafter',
    ],
    ['a list after a list', '<ul><li>a</ul><p>b<ol><li>c</ol>', '- a\n\nb\n\n1. c'],
    ['paragraphs of an entry', '<ul><li><p>one</p><p>more</p></li><li>two</ul>', '- one\n  more\n- two'],
    ['tables', '<table><tr><th>k<th>v<tr><td>a|b<td><p>1</p><p>2</p></table>', '| k | v |\n| a\\|b | 1 2 |'],
    ['tables that arrange', '<table><tr><td><td><p>Only this</table>', 'Only this'],
    ['code', '<p>Call <code>a &lt; b</code><pre>\nif (a)\n  b();\n</pre>', 'Call `a < b`\n\n```\nif (a)\n  b();\n```'],
    ['code line by line', '<pre><code><div>a</div><div>  b</div></code></pre>', '```\na\n  b\n```'],
    ['code with fences', '<pre>```\nx\n```</pre>', '````\n```\nx\n```\n````'],
    ['definitions', '<dl><dt>term<dd>meaning</dl>', 'term\n\nmeaning'],
    ['text without a tag', 'just text', 'just text'],
  ])('%s', async (_name, html, expected) => expect(await text(html)).toBe(expected));
});

describe('what is left out', () => {
  test.each<[string, string]>([
    ['scripts', '<script>if (a < b) "<p>no</p>"</script>yes'],
    ['styles', '<style>p > a { content: "no" }</style>yes'],
    ['comments', '<!-- <p>no</p> -->yes<!-- no'],
    ['navigation', '<nav><ul><li>no<nav>no</nav>no</ul></nav>yes<div role=navigation>no</div>'],
    ['navigation without an end', '<div><nav><a>no</div>yes'],
    ['controls', '<button>no</button><select><option>no</select><textarea>no</textarea>yes<input value=no>'],
    [
      'hidden elements',
      '<p hidden>no<p>yes<div style="color: red; display:none">no</div><span aria-hidden="true">no</span>',
    ],
    ['templates and pictures', '<template><p>no</template><svg><title>no</title><text>no</text></svg>yes'],
    ['control characters', '\u0000y\u0008es\u001b'],
  ])('%s', async (_name, html) => expect(await text(html)).toBe('yes'));
});

describe('which part is the content', () => {
  test('a main element alone, if there is something in it', async () => {
    expect(await text(`<header>no</header><p>no</p><main><p>${long}</p></main><footer>no</footer>`)).toBe(long);
    expect(await text(`<p>yes ${long}</p><div role="main"><p>yes</p></div>`)).toBe(`yes ${long}\n\nyes`);
  });
  test('an article that is most of the page', async () => {
    expect(await text(`<p>no</p><article><header><h1>T</h1></header>${long}</article><aside>no</aside>`)).toBe(
      `# T\n\n${long}`,
    );
    expect(await text(`<p>${long}${long}${long}</p><article>yes ${long}</article>`)).toContain('yes');
  });
  test('no form, unless the whole page is one', async () => {
    expect(await text(`<p>${long}</p><form><label>no</label></form>`)).toBe(long);
    expect(await text(`<form><div><p>${long}</p></div></form>`)).toBe(long);
  });
  test('what frames the page only where nothing else is', async () => {
    expect(await text(`<header>no</header>yes<footer>no</footer>`)).toBe('yes');
    expect(await text(`<footer>yes</footer>`)).toBe('yes');
  });
});

test('the title is the page’s own', async () => {
  const { title } = await extractText('<svg><title>no</title></svg><title>\n A &amp; <b>\n</title><title>no</title>');
  expect(title).toBe('A & <b>');
});

test('tags and entities are read the same wherever a portion of the work ends', async () => {
  const markup = '<p class="a&amp;b">x &eacute; <b>y</b></p><pre>z\n</pre><p hidden>no</p>';
  const expected = 'x é y\n\n```\nz\n```';
  for (let shift = 0; shift <= markup.length; shift += 1) {
    const before = 'w'.repeat(65_536 - shift);
    expect(await text(before + markup)).toBe(`${before}\n\n${expected}`);
  }
});

test('others get their turn while a long document is read', async () => {
  let turns = 0;
  const count = () => {
    turns += 1;
    timer = setImmediate(count);
  };
  let timer = setImmediate(count);
  await extractText('<p>text'.repeat(100_000));
  clearImmediate(timer);
  expect(turns).toBeGreaterThan(5);
});

test('the text of any input is bounded by its length', async () => {
  const tag = fc.constantFrom(
    ...'p div ul li ol table tr td pre code nav main article form h1 script title b br svg template'.split(' '),
  );
  const piece = fc.oneof(
    tag.map((name) => `<${name}>`),
    tag.map((name) => `</${name}>`),
    tag.map((name) => `<${name} hidden/>`),
    fc.constantFrom('text', '&amp;', '<!--', '-->', '<', '>', '&#x110000;', '\u0000', '|', '```'),
    fc.string(),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 60 }), async (pieces) => {
      const { text } = await extractText(pieces.join(''));
      expect(text.length).toBeLessThanOrEqual(pieces.join('').length * 12 + 100);
    }),
  );
});

test('hostile documents of two million characters take no noticeable time', async () => {
  const begin = performance.now();
  const hostile = [
    '<b>'.repeat(330_000) + '</i>'.repeat(250_000),
    `<a ${Array.from({ length: 250_000 }, (_, index) => `a${index}`).join(' ')}>`,
    '<ul><li>a'.repeat(220_000),
    '<table><tr><td>a'.repeat(120_000),
    `${'<div>'.repeat(255)}${'</table>'.repeat(220_000)}`,
    `<pre>${'```'.repeat(600_000)}`,
    `<p>a${' '.repeat(2_000_000)}b`,
    ...['<p hidden>x', '<title>a', '<!--', '<', '&', '&#', '<pre>', '<td>', '<h1>a', '</p>'].map((piece) =>
      piece.repeat(Math.floor(2_000_000 / piece.length)),
    ),
  ];
  for (const html of hostile) await extractText(html);
  expect(performance.now() - begin).toBeLessThan(25_000);
});
