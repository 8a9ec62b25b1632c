import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hideMessages, restoreMessage } from './hidden-messages.ts';
import { Placeholders } from './placeholders.ts';

const messages = [
  { role: 'system', content: 'You serve ann@shop.example. Write <PHONE_1> for a number.' },
  {
    role: 'user',
    name: 'ann',
    content: [
      { type: 'text', text: 'My number is +49 151 12345678' },
      { type: 'image_url', image_url: { url: 'https://10.0.0.1/a.png', detail: 'low' } },
    ],
  },
  {
    role: 'assistant',
    content: null,
    reasoning_content: 'She is ann@shop.example',
    tool_calls: [
      {
        id: 'call_10.0.0.1',
        type: 'function',
        function: { name: 'mail', arguments: '{"to":"ann@shop.example","text":"a\\nann@shop.example"}' },
      },
    ],
  },
  {
    role: 'assistant',
    content: [{ type: 'tool_use', id: 'x', name: 'mail', input: { name: 'ann@shop.example', id: 1 } }],
  },
  { role: 'tool', tool_call_id: 'call_10.0.0.1', content: 'sent from 10.0.0.1', unknown: { deep: ['10.0.0.1'] } },
];

test('every text of the messages is hidden, and nothing else is touched', () => {
  const placeholders = new Placeholders();
  const hidden = hideMessages(messages, placeholders);
  expect(hidden).toEqual([
    { role: 'system', content: 'You serve <EMAIL_1>. Write <PHONE_1> for a number.' },
    {
      role: 'user',
      name: 'ann',
      content: [
        { type: 'text', text: 'My number is <PHONE_2>' },
        { type: 'image_url', image_url: { url: 'https://10.0.0.1/a.png', detail: 'low' } },
      ],
    },
    {
      role: 'assistant',
      content: null,
      reasoning_content: 'She is <EMAIL_1>',
      tool_calls: [
        {
          id: 'call_10.0.0.1',
          type: 'function',
          function: { name: 'mail', arguments: '{"to":"<EMAIL_1>","text":"a\\n<EMAIL_1>"}' },
        },
      ],
    },
    { role: 'assistant', content: [{ type: 'tool_use', id: 'x', name: 'mail', input: { name: '<EMAIL_1>', id: 1 } }] },
    { role: 'tool', tool_call_id: 'call_10.0.0.1', content: 'sent from <IP_1>', unknown: { deep: ['<IP_1>'] } },
  ]);
  expect(restoreMessage(hidden, placeholders)).toEqual(messages);
});

test('a placeholder of the user’s own is shown as it is, also where it comes after data', () => {
  const sent = [{ content: 'a@b.co' }, { content: 'What does <EMAIL_1> mean?' }];
  const hidden = [{ content: '<EMAIL_2>' }, { content: 'What does <EMAIL_1> mean?' }];
  expect(hideMessages(sent, new Placeholders())).toEqual(hidden);
});

test('an answer gets its values back, escaped in the arguments of its tool calls', () => {
  const placeholders = new Placeholders();
  const key = '-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----';
  hideMessages([{ role: 'user', content: `Store ${key}` }], placeholders);
  const call = (text: string) => ({ id: 'c', type: 'function', function: { name: 'store', arguments: text } });
  const answer = { role: 'assistant', content: 'Storing <KEY_1>', tool_calls: [call('{"key":"<KEY_1>"}')] };
  expect(restoreMessage(answer, placeholders)).toEqual({
    role: 'assistant',
    content: `Storing ${key}`,
    tool_calls: [call(JSON.stringify({ key }))],
  });
});

test('any JSON comes back as it was', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.emailAddress(), (value, email) => {
      const placeholders = new Placeholders();
      const sent = [{ role: 'user', content: [email, value, '<EMAIL_1>'] }];
      expect(restoreMessage(hideMessages(sent, placeholders), placeholders)).toEqual(sent);
    }),
  );
});

test('what is nested too deeply is refused', () => {
  const deep = JSON.parse(`${'['.repeat(100_000)}"a@b.co"${']'.repeat(100_000)}`) as unknown;
  expect(() => hideMessages(deep, new Placeholders())).toThrow(/nested/);
});
