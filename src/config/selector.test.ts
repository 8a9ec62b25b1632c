import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseSelector, printSelector, type Selector } from './selector.ts';

/** Each part as its operator and its items: name, weight, max_context, parameters. */
function plain(text: string) {
  const parsed = parseSelector(text);
  if ('fault' in parsed) return parsed.fault;
  return parsed.map(({ operator, items }) => [
    operator ?? '',
    ...items.map(({ name, weight, maxContext, parameters }) =>
      [name, weight, maxContext, parameters.size > 0 ? Object.fromEntries(parameters) : undefined].filter(
        (one) => one !== undefined,
      ),
    ),
  ]);
}

describe('a selector', () => {
  test.each([
    ['a:m', [['', ['a:m']]]],
    ['org/model-1.5@2024:free', [['', ['org/model-1.5@2024:free']]]],
    [
      'a:m|b:m',
      [
        ['', ['a:m']],
        ['', ['b:m']],
      ],
    ],
    [
      ' a:m | b:m ',
      [
        ['', ['a:m']],
        ['', ['b:m']],
      ],
    ],
    ['[weight=3]a:m^b:m', [['^', ['a:m', 3], ['b:m']]]],
    ['a:m!b:m!c:m', [['!', ['a:m'], ['b:m'], ['c:m']]]],
    [
      'a^b|c!d|e',
      [
        ['^', ['a'], ['b']],
        ['!', ['c'], ['d']],
        ['', ['e']],
      ],
    ],
    [
      '[max_context=8000]a|[weight=0.5,max_context=9]b',
      [
        ['', ['a', 8000]],
        ['', ['b', 0.5, 9]],
      ],
    ],
    ['a?temperature=0.5&top_p=1', [['', ['a', { temperature: '0.5', top_p: '1' }]]]],
    ['a?user=me&x=', [['', ['a', { user: '"me"', x: '""' }]]]],
    [
      'a?stop=["|","&^"]|b',
      [
        ['', ['a', { stop: '["|","&^"]' }]],
        ['', ['b']],
      ],
    ],
    ['a?x="a\\"|&"&y={"z": [1, "]"]}', [['', ['a', { x: '"a\\"|&"', y: '{"z": [1, "]"]}' }]]]],
    ['a?x=1e400', [['', ['a', { x: '1e400' }]]]],
  ])('%s', (text, parts) => expect(plain(text)).toEqual(parts));

  test.each([
    ['', 'needs a name'],
    ['a|', 'item 2: needs a name'],
    ['|a', 'item 1: needs a name'],
    ['a^^b', 'item 2: needs a name'],
    ['a^b!c', 'mixes ^ and !'],
    ['[weight=3a', 'without its ]'],
    ['[]a', 'needs conditions'],
    ['[wieght=3]a', 'did you mean weight?'],
    ['[weight=-1]a', 'weight must be a number of at least 0'],
    ['[weight=1,weight=2]a', 'has weight twice'],
    ['[max_context=1.5]a', 'max_context must be a whole number'],
    ['[max_context=]a', 'max_context must be'],
    ['a?', 'needs parameters'],
    ['a?temperature', 'needs parameters'],
    ['a?x=1&', 'needs parameters'],
    ['a?x=1&x=2', 'sets "x" twice'],
  ])('%s is wrong', (text, fault) => expect(plain(text)).toContain(fault));
});

const name = fc.stringMatching(/^[a-zA-Z0-9][a-zA-Z0-9:/.@_-]{0,12}$/);
const field = fc.stringMatching(/^[a-z_.]{1,8}$/);
const parameters = fc.oneof(
  fc.constant(new Map<string, string>()),
  fc
    .dictionary(field, fc.jsonValue(), { minKeys: 1, maxKeys: 3 })
    .map((values) => new Map(Object.entries(values).map(([key, value]) => [key, JSON.stringify(value)]))),
);
const item = fc.record({
  name,
  weight: fc.option(fc.integer({ min: 0, max: 1000 }), { nil: undefined }),
  maxContext: fc.option(fc.nat(), { nil: undefined }),
  parameters,
});
const part = fc.oneof(
  fc.record({ operator: fc.constant(undefined), items: fc.tuple(item) }),
  fc.record({
    operator: fc.constantFrom('^' as const, '!' as const),
    items: fc.array(item, { minLength: 2, maxLength: 4 }),
  }),
);
const selector: fc.Arbitrary<Selector> = fc.array(part, { minLength: 1, maxLength: 4 });

test('what is printed reads as the same again', () => {
  fc.assert(
    fc.property(selector, (written) => {
      expect(parseSelector(printSelector(written))).toEqual(written);
    }),
    { numRuns: 500 },
  );
});

test('any text reads as something that prints and reads the same, or has a fault that does not quote it', () => {
  const noise = fc.array(
    fc.constantFrom('a', 'b:m', '|', '^', '!', '?', '=', '&', '[', ']', '"', '{', '}', '\\', ',', ' ', 'weight', '1'),
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        noise.map((parts) => parts.join('')),
      ),
      (text) => {
        const parsed = parseSelector(`canary-${text}`);
        if ('fault' in parsed) expect(parsed.fault).not.toContain('canary');
        else expect(parseSelector(printSelector(parsed))).toEqual(parsed);
      },
    ),
    { numRuns: 2000 },
  );
});
