import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chatCompletions } from '../protocols/chat-completions.ts';
import { completions } from '../protocols/completions.ts';
import { embeddings } from '../protocols/embeddings.ts';
import { parseCall } from '../protocols/parse-call.ts';
import type { Protocol } from '../types/protocol.ts';
import { conversationKey } from './conversation-key.ts';

function keyOf(body: unknown, caller = 'alice', protocol: Protocol = chatCompletions): number {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const { signal } = new AbortController();
  const input = { id: '1', body: Buffer.from(text), forwardHeaders: [], signal, receivedAt: 0 };
  return conversationKey(parseCall(protocol, input), caller);
}

const system = { role: 'system', content: 'You are "helpful".\n{[,:' };
const user = { role: 'user', content: 'Hello' };

/** Contents with all that could lead astray. */
const content = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom('\\', '"', '{', '}', '[', ']', ',', ':', 'role', 'user', ' ') }),
  fc.array(fc.record({ type: fc.constant('text'), text: fc.string(), role: fc.constantFrom('user', 'x') })),
  fc.constant(null),
);
const messageOf = (...roles: string[]) =>
  fc.record(
    { name: fc.string(), role: fc.constantFrom(...roles), content, x: fc.constantFrom('role', 'user') },
    { requiredKeys: ['role', 'content'] },
  );

describe('conversationKey', () => {
  it('is equal for all turns of a conversation, and another one for another', () => {
    const before = fc.array(messageOf('system', 'developer', 'assistant', 'tool'), { maxLength: 4 });
    const later = fc.array(messageOf('system', 'user', 'assistant', 'tool'), { maxLength: 4 });
    const space = fc.constantFrom(0, 1, 4);
    fc.assert(
      fc.property(before, messageOf('user'), later, space, (head, first, rest, spaces) => {
        const turn = (messages: unknown[], more: object = {}) =>
          keyOf(JSON.stringify({ model: 'm', messages, ...more }, undefined, spaces));
        const key = turn([...head, first]);
        expect(key).toBeGreaterThan(0);
        expect(key).toBeLessThan(2 ** 32);
        expect(turn([...head, first, ...rest], { stream: true, temperature: 0.3 })).toBe(key);
        expect(turn([...head, { ...first, content: 'something else' }, ...rest])).not.toBe(key);
        expect(turn([system, ...head, first, ...rest])).not.toBe(key);
      }),
      { numRuns: 300 },
    );
  });

  it('depends on the whole of the first message, whatever stands in it', () => {
    const parts = (text: string) => [
      { type: 'image_url', image_url: { url: 'data:' } },
      { type: 'text', text },
    ];
    const key = (text: string) => keyOf({ messages: [system, { role: 'user', content: parts(text), name: 'x' }] });
    expect(key('one')).not.toBe(key('two'));
    expect(keyOf({ messages: [{ ...user, name: 'x' }] })).not.toBe(keyOf({ messages: [{ ...user, name: 'y' }] }));
  });

  it('differs by caller and by tools', () => {
    const body = { messages: [system, user] };
    const tools = [{ type: 'function', function: { name: 'f' } }];
    const keys = [keyOf(body), keyOf(body, 'bob'), keyOf({ ...body, tools }), keyOf({ ...body, tools }, 'bob')];
    expect(new Set(keys).size).toBe(4);
    expect(keyOf({ tools, ...body })).toBe(keys[2]);
    expect(keyOf({ ...body, tools }, 'alice')).toBe(keys[2]);
  });

  it('is that of prompt_cache_key where there is one', () => {
    const key = keyOf({ messages: [user], prompt_cache_key: 'c1' });
    expect(keyOf({ messages: [system, user], prompt_cache_key: 'c1', tools: [] })).toBe(key);
    expect(keyOf({ messages: [user], prompt_cache_key: 'c2' })).not.toBe(key);
    expect(keyOf({ messages: [user], prompt_cache_key: 'c1' }, 'bob')).not.toBe(key);
    for (const nothing of ['', null]) {
      expect(keyOf({ messages: [user], prompt_cache_key: nothing })).toBe(keyOf({ messages: [user] }));
    }
  });

  it('is 0 where nothing of a user stands there', () => {
    expect(keyOf({ messages: [] })).toBe(0);
    expect(keyOf({ messages: [system, { role: 'assistant', content: 'user' }] })).toBe(0);
    expect(keyOf({ messages: ['user', ['role', 'user'], 1] })).toBe(0);
    expect(keyOf({ model: 'm' }, 'alice', completions)).toBe(0);
    expect(keyOf({ input: 'text' }, 'alice', embeddings)).toBe(0);
  });

  it('looks at the first 64 KB at most, of which tools have a quarter', () => {
    const long = (length: number, end: string) => ({ role: 'system', content: 'a'.repeat(length) + end });
    expect(keyOf({ messages: [long(60_000, 'x'), user] })).not.toBe(keyOf({ messages: [long(60_000, 'y'), user] }));
    expect(keyOf({ messages: [long(66_000, 'x'), user] })).toBe(keyOf({ messages: [long(66_000, 'y'), user] }));
    expect(keyOf({ messages: [long(66_000, 'x')] })).toBeGreaterThan(0);
    const behind = { tools: [{ x: 'b'.repeat(20_000) }] };
    const cut = (end: string, more: object) => keyOf({ ...more, messages: [long(50_000, end), user] });
    expect(cut('x', {})).not.toBe(cut('y', {}));
    expect(cut('x', behind)).toBe(cut('y', behind));
    const tools = (end: string) => [{ type: 'function', description: 'b'.repeat(100_000) + end }];
    expect(keyOf({ tools: tools('x'), messages: [user] })).toBe(keyOf({ tools: tools('y'), messages: [user] }));
    expect(keyOf({ tools: tools('x'), messages: [user] })).not.toBe(
      keyOf({ tools: tools('x'), messages: [system, user] }),
    );
  });

  it('is that of the beginning of a prompt', () => {
    const key = (prompt: unknown, caller?: string) => keyOf({ prompt }, caller, completions);
    const head = 'p'.repeat(2000);
    expect(key(`${head}1`)).toBe(key(`${head}2`));
    expect(key('one')).not.toBe(key('two'));
    expect(key('one')).not.toBe(key('one', 'bob'));
    expect(key([1, 2, 3])).not.toBe(key([1, 2, 4]));
  });

  it('spreads conversations evenly', () => {
    const counts = new Array<number>(8).fill(0);
    for (let i = 0; i < 8000; i++) {
      (counts[keyOf({ messages: [{ role: 'user', content: `question ${i}` }] }) % 8] as number)++;
    }
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });
});
