import { expect, test } from 'vitest';
import { startFakeBackend } from '../../../test/fake-backend/fake-backend.ts';
import { postJson } from '../../../test/fake-backend/http-client.ts';
import { minimalJson } from './minimal-json.ts';

test('response_format gives a JSON that its schema allows', async () => {
  const server = await startFakeBackend();
  const schema = {
    type: 'object',
    properties: {
      name: { type: 'string', minLength: 2 },
      size: { $ref: '#/$defs/size' },
      tags: { type: 'array', items: { const: 'x' }, minItems: 2 },
      kind: { anyOf: [{ type: 'boolean' }, { type: 'null' }] },
      spare: { type: 'string' },
    },
    required: ['name', 'size', 'tags', 'kind'],
    $defs: { size: { type: ['integer', 'null'], exclusiveMinimum: 3, multipleOf: 5 } },
  };
  const body = {
    model: 'm',
    messages: [{ role: 'user', content: 'x' }],
    response_format: { type: 'json_schema', json_schema: { name: 's', schema } },
  };
  const { text } = await postJson(`${server.baseUrl}/chat/completions`, body);
  const content = JSON.parse(JSON.parse(text).choices[0].message.content);
  expect(content).toEqual({ name: 'xx', size: 5, tags: ['x', 'x'], kind: false });
});

test('numbers keep to their bounds', () => {
  expect(minimalJson({ type: 'integer', maximum: -2 })).toBe(-2);
  expect(minimalJson({ type: 'integer', exclusiveMaximum: 0 })).toBe(-1);
  expect(minimalJson({ type: 'number', minimum: 0.5, maximum: 0.7 })).toBe(0.5);
  expect(minimalJson({ type: 'number', minimum: -1, maximum: 1 })).toBe(0);
});

test('parts of allOf count together, and a schema that requires itself ends', () => {
  const part = (name: string) => ({ properties: { [name]: { type: 'number' } }, required: [name] });
  expect(minimalJson({ type: 'object', allOf: [part('a'), part('b')] })).toEqual({ a: 0, b: 0 });
  const endless = { type: 'object', properties: { next: { $ref: '#' } }, required: ['next'] };
  expect(JSON.stringify(minimalJson(endless))).toContain('"next":null');
});
