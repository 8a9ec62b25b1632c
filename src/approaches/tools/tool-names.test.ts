import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ToolNames } from './tool-names.ts';

const fitting = /^[a-zA-Z0-9_-]{1,64}$/;

test('a name is the server, two underscores and the tool, where that fits', () => {
  expect(new ToolNames([]).take('files', 'read_file')).toBe('files__read_file');
});

test.each([
  ['a tool with other characters', 'read/file.txt', /^s__read_file_txt_[0-9a-f]{8}$/],
  ['a long tool', 'x'.repeat(80), /^s__x+_[0-9a-f]{8}$/],
  ['a tool without a name', '', /^s__$/],
])('%s gets a name that fits', (_what, tool, name) => {
  const given = new ToolNames([]).take('s', tool);
  expect(given).toMatch(name);
  expect(given).toMatch(fitting);
});

test('the name of a client’s own tool is left to it', () => {
  const given = new ToolNames(['s__add']).take('s', 'add');
  expect(given).not.toBe('s__add');
  expect(given).toMatch(fitting);
});

test('every tool has a name of its own, the same each time', () => {
  const tool = fc.oneof(
    fc.string({ maxLength: 90 }),
    fc.constantFrom('a.b', 'a/b', 'a_b', 'a b', `${'y'.repeat(70)}1`, `${'y'.repeat(70)}2`),
  );
  const tools = fc.uniqueArray(fc.tuple(fc.constantFrom('s', 's_a', 's__a'), tool), {
    selector: ([server, name]) => `${server} ${name}`,
  });
  fc.assert(
    fc.property(tools, (all) => {
      const names = new ToolNames([]);
      const given = all.map(([server, name]) => names.take(server, name));
      expect(new Set(given).size).toBe(all.length);
      for (const name of given) expect(name).toMatch(fitting);
      const again = new ToolNames([]);
      expect(all.map(([server, name]) => again.take(server, name))).toEqual(given);
    }),
  );
});
