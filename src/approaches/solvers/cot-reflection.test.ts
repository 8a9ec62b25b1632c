import { describe, expect, test } from 'vitest';
import { type SolvingOptions, startSolving } from '../../../test/harness/solving.ts';
import { cotReflection } from './cot-reflection.ts';

const thinking = '<thinking>2 + 2 <reflection>not <output>5</output></reflection></thinking>\n';

function start(content: string, options: Partial<SolvingOptions> = {}) {
  const usage = { prompt_tokens: 10, completion_tokens: 5 };
  return startSolving({ stages: [cotReflection], plan: 'cot_reflection', script: [{ content, usage }], ...options });
}

describe.each([
  ['whole', {}],
  ['streamed', { stream: true }],
])('cot_reflection, %s', (_, fields) => {
  test.each([
    ['the inside of the output tag', `${thinking}<output>\nIt is 4.\n</output> Bye.`, 'It is 4.'],
    ['an output tag that is not closed, to the end', `${thinking}<output>It is 4. Yes`, 'It is 4. Yes'],
    ['the first of two', '<output>4</output><output>5</output>', '4'],
    ['the whole text where there is no tag', 'It is < 5, 4.', 'It is < 5, 4.'],
  ])('gives %s', async (_name, content, expected) => {
    const rig = await start(content);
    const { text, finish } = await rig.solve('What is 2 + 2?', fields);
    expect(text).toBe(expected);
    expect(rig.sent()).toHaveLength(1);
    expect(finish).toMatchObject({ outcome: 'complete', usage: { totalTokens: 15 } });
  });

  test('gives all of it where that is asked for', async () => {
    const content = `${thinking}<output>4</output>`;
    const rig = await start(content, { parameters: { full_response: true } });
    expect((await rig.solve('What is 2 + 2?', fields)).text).toBe(content);
  });

  test('keeps the system text and adds to it', async () => {
    const rig = await start('<output>4</output>');
    const messages = [
      { role: 'system', content: 'You are terse.' },
      { role: 'user', content: 'What is 2 + 2?' },
    ];
    await rig.solve('', { ...fields, messages });
    const sent = rig.sent()[0]?.messages;
    expect(sent[0].role).toBe('system');
    expect(sent[0].content.startsWith('You are terse.')).toBe(true);
    for (const tag of ['<thinking>', '<reflection>', '<output>']) expect(sent[0].content).toContain(tag);
    expect(sent.slice(1)).toEqual(messages.slice(1));
  });

  test('makes a system message where there is none', async () => {
    const rig = await start('<output>4</output>');
    await rig.solve('What is 2 + 2?', fields);
    expect(rig.sent()[0]?.messages).toMatchObject([{ role: 'system' }, { role: 'user', content: 'What is 2 + 2?' }]);
  });

  test('its temperature comes after that of the request, and before it where it is a parameter', async () => {
    const silent = await start('<output>4</output>');
    await silent.solve('?', fields);
    await silent.solve('?', { ...fields, temperature: 0.9, stop: ['X'], max_tokens: 9 });
    expect(silent.sent()).toMatchObject([{ temperature: 0.6 }, { temperature: 0.9, stop: ['X'], max_tokens: 9 }]);
    const rig = await start('<output>4</output>', { parameters: { temperature: 0.1 } });
    await rig.solve('?', { ...fields, temperature: 0.9 });
    expect(rig.sent()).toMatchObject([{ temperature: 0.1 }]);
  });
});

describe('cot_reflection', () => {
  test('an answer that was cut keeps its reason', async () => {
    const script = [{ content: '<output>It is', finish_reason: 'length' }];
    const rig = await start('', { script });
    const { text, body } = await rig.solve('?');
    expect([text, body.choices[0].finish_reason]).toEqual(['It is', 'length']);
  });

  test('an answer of nothing but thinking is an error', async () => {
    const rig = await start('<thinking>Hm');
    await expect(rig.solve('?')).rejects.toMatchObject({ status: 502, code: 'upstream_error' });
  });

  test('a stream begins with the role, leaks no thinking, and shows life until there is text', async () => {
    const content = `${thinking}<output>It is 4.</output>`;
    const rig = await start('', { script: [{ content, chunk_delay_ms: 60 }], keepAliveMs: 20 });
    const { body, events } = await rig.solve('?', { stream: true });
    expect(events[0].choices[0].delta.role).toBe('assistant');
    expect(body).not.toMatch(/[<>]|2 \+ 2/);
    const lines: string[] = body.split('\n').filter(Boolean);
    const firstText = lines.findIndex((line) => line.includes('"content":"It'));
    const comments = lines.flatMap((line, at) => (line === ': keep-alive' ? [at] : []));
    expect(comments.length).toBeGreaterThan(1);
    expect(Math.max(...comments)).toBeLessThan(firstText);
    expect(comments.some((at) => at > lines.findIndex((line) => line.includes('assistant')))).toBe(true);
    expect(events.at(-1)).toMatchObject({
      choices: [{ finish_reason: 'stop' }],
      headrace: { approach: 'cot_reflection', calls: 1 },
    });
  });

  test('text comes while the backend still sends', async () => {
    const words = Array.from({ length: 20 }, (_, at) => `word${at}`).join(' ');
    const rig = await start(`${thinking}<output>${words}</output>`);
    const { events, text } = await rig.solve('?', { stream: true });
    expect(text).toBe(words);
    expect(events.filter((event) => event.choices[0]?.delta.content).length).toBeGreaterThan(10);
  });

  test('a role that comes together with thinking is not held back', async () => {
    const delta = (fields: object, reason: string | null = null) => ({
      id: 'c',
      created: 1,
      model: 'm',
      choices: [{ index: 0, delta: fields, finish_reason: reason }],
    });
    const events = [delta({ role: 'assistant', content: '<output>' }), delta({ content: '4' }), delta({}, 'stop')];
    const rig = await start('', { script: [{ events }] });
    const solved = await rig.solve('?', { stream: true });
    expect(solved.events.map((event) => event.choices[0].delta)).toEqual([
      { role: 'assistant', content: '' },
      { content: '4' },
      {},
    ]);
  });
});
