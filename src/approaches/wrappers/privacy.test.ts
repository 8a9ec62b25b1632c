import { describe, expect, test } from 'vitest';
import { startSolving } from '../../../test/harness/solving.ts';
import { bon } from '../solvers/bon.ts';
import { cotReflection } from '../solvers/cot-reflection.ts';
import { privacy } from './privacy.ts';

const email = 'ann.example@mail.example.org';
const card = '4111 1111 1111 1111';
const question = `Write to ${email} about the card ${card}.`;

function start(script: Parameters<typeof startSolving>[0]['script'], plan = 'privacy') {
  return startSolving({ stages: [privacy, bon, cotReflection], plan, script });
}

/** An answer in a stream, each piece an event of its own. */
function pieces(deltas: readonly object[], finish = 'stop') {
  const head = { id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'm' };
  const events = deltas.map((delta) => ({ ...head, choices: [{ index: 0, delta, finish_reason: null }] }));
  return { events: [...events, { ...head, choices: [{ index: 0, delta: {}, finish_reason: finish }] }] };
}

describe('privacy', () => {
  test('no call sees the data, and the answer has it', async () => {
    const rig = await start([{ content: 'Dear <EMAIL_1>, your <CARD_1> is here. <EMAIL_9> <EMAIL_1>' }]);
    const { text, body } = await rig.solve(question);
    expect(text).toBe(`Dear ${email}, your ${card} is here. <EMAIL_9> ${email}`);
    expect(body.headrace).toMatchObject({ approach: 'privacy', calls: 1 });
    const sent = JSON.stringify(rig.sent());
    expect(sent).not.toContain(email);
    expect(sent).not.toContain('1111');
    expect(rig.sent()[0]?.messages[0].content).toBe('Write to <EMAIL_1> about the card <CARD_1>.');
  });

  test('hides system text, history, parts, arguments of calls and other fields under the same names', async () => {
    const rig = await start([{ content: 'Done.' }]);
    const call = {
      id: 'call_1',
      type: 'function',
      function: { name: 'find', arguments: JSON.stringify({ who: email }) },
    };
    const messages = [
      { role: 'system', content: `Serve ${email}.` },
      { role: 'user', content: [{ type: 'text', text: `I am ${email}` }] },
      { role: 'assistant', content: null, tool_calls: [call] },
      { role: 'tool', tool_call_id: 'call_1', content: `${email} has ${card}` },
      { role: 'user', content: 'Who?' },
    ];
    const schema = { type: 'object', properties: { name: { type: 'string', description: `such as ${email}` } } };
    const format = { type: 'json_schema', json_schema: { name: 'answer', schema } };
    await rig.solve('', { messages, user: email, response_format: format });
    const [sent] = rig.sent();
    expect(JSON.stringify(sent)).not.toContain(email);
    expect(sent?.messages[0].content).toBe('Serve <EMAIL_1>.');
    expect(sent?.messages[1].content).toEqual([{ type: 'text', text: 'I am <EMAIL_1>' }]);
    expect(sent?.messages[2].tool_calls[0].function).toEqual({ name: 'find', arguments: '{"who":"<EMAIL_1>"}' });
    expect(sent?.messages[3]).toEqual({ role: 'tool', tool_call_id: 'call_1', content: '<EMAIL_1> has <CARD_1>' });
    expect(sent?.user).toBe('<EMAIL_1>');
    expect(sent?.response_format.json_schema.schema.properties.name.description).toBe('such as <EMAIL_1>');
  });

  test('holds for all calls of a solver, which see each other under the same names', async () => {
    const rig = await start(({ json }) => {
      if (json.n !== undefined) return { content: ['Ask <EMAIL_1>', 'Ask nobody'] };
      return { content: JSON.stringify(json.messages).includes('Ask <EMAIL_1>') ? '9' : '1' };
    }, 'privacy&bon');
    const { text, body } = await rig.solve(question);
    expect(text).toBe(`Ask ${email}`);
    expect(body.headrace).toMatchObject({ chosen: 1, scores: expect.arrayContaining([9, 1]) });
    expect(rig.sent().length).toBeGreaterThan(2);
    expect(JSON.stringify(rig.sent())).not.toContain(email);
  });

  test('what looks like a placeholder in the request survives', async () => {
    const rig = await start(({ json }) => ({
      content: (json.messages as { content: string }[])[0]?.content as string,
    }));
    const odd = `Keep <EMAIL_1> and ${email}`;
    const { text } = await rig.solve(odd);
    expect(text).toBe(odd);
    expect(rig.sent()[0]?.messages[0].content).toBe('Keep <EMAIL_1> and <EMAIL_2>');
  });

  test('a call of a tool and the reasoning of a whole answer get the data back', async () => {
    const message = {
      role: 'assistant',
      content: 'See.',
      reasoning_content: 'It is <EMAIL_1>',
      tool_calls: [
        { id: 't', type: 'function', function: { name: 'mail', arguments: '{"to":"\\u003cEMAIL_1\\u003e"}' } },
      ],
    };
    const rig = await start([
      { json: { id: 'c1', model: 'm', choices: [{ index: 0, message, finish_reason: 'stop' }] } },
    ]);
    const { body } = await rig.solve(question);
    const given = body.choices[0].message;
    expect(given.reasoning_content).toBe(`It is ${email}`);
    expect(JSON.parse(given.tool_calls[0].function.arguments)).toEqual({ to: email });
  });

  test('a stream that splits placeholders anywhere gets the data back, in order', async () => {
    const text = 'To <EMAIL_1> and <CARD_1>, not <EMAIL_1';
    for (const size of [1, 3, 7]) {
      const parts = text.match(new RegExp(`.{1,${size}}`, 'g')) ?? [];
      const rig = await start([pieces(parts.map((content) => ({ content })))]);
      const solved = await rig.solve(question, { stream: true });
      expect(solved.text).toBe(`To ${email} and ${card}, not <EMAIL_1`);
      expect(solved.events.at(-1)).toMatchObject({ choices: [{ finish_reason: 'stop' }], headrace: { calls: 1 } });
    }
  });

  test('so do streamed reasoning and arguments, each for itself', async () => {
    const args = '{"to": "\\u003cEMAIL_1\\u003e", "note": "a \\"b\\" <CARD_1>"}';
    const called = (index: number, text: string) => ({ tool_calls: [{ index, function: { arguments: text } }] });
    const deltas = [
      { role: 'assistant', content: '' },
      { reasoning_content: 'Hm, <EMA' },
      { reasoning_content: 'IL_1>.' },
      { content: 'To <EM' },
      { tool_calls: [{ index: 0, id: 't0', type: 'function', function: { name: 'mail', arguments: '' } }] },
      ...args.split(/(?<=[A-Z])/).flatMap((piece) => [called(0, piece), called(1, piece)]),
      { content: 'AIL_1>' },
    ];
    const rig = await start([pieces(deltas, 'tool_calls')]);
    const { events, text } = await rig.solve(question, { stream: true });
    expect(text).toBe(`To ${email}`);
    const all = events.flatMap((event) => event.choices.map(({ delta }: { delta: object }) => delta));
    expect(all.map(({ reasoning_content = '' }) => reasoning_content).join('')).toBe(`Hm, ${email}.`);
    for (const index of [0, 1]) {
      const calls = all.flatMap(({ tool_calls = [] }) => tool_calls).filter((one) => one.index === index);
      const written = calls.map((one) => one.function.arguments).join('');
      expect(JSON.parse(written)).toEqual({ to: email, note: `a "b" ${card}` });
    }
    expect(events.at(-1)).toMatchObject({ choices: [{ finish_reason: 'tool_calls' }] });
  });

  test('what is held back comes after the text of the event that ends a stream', async () => {
    const head = { id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'm' };
    const event = (content: string, finish: string | null) => ({
      ...head,
      choices: [{ index: 0, delta: { content }, finish_reason: finish }],
    });
    const rig = await start([{ events: [event('Hi <EMA', null), event('IL_1>, <EMA', 'stop')] }]);
    const { text, events } = await rig.solve(question, { stream: true });
    expect(text).toBe(`Hi ${email}, <EMA`);
    expect(events.filter((one) => one.choices[0].finish_reason === 'stop')).toHaveLength(1);
    expect(events.at(-1)).toMatchObject({ choices: [{ delta: {}, finish_reason: 'stop' }] });
  });

  test('stands around the filter of a solver', async () => {
    const text = '<thinking>Hm</thinking><output>To <EMAIL_1></output>';
    const rig = await start([pieces([...text].map((content) => ({ content })))], 'privacy&cot_reflection');
    const { text: given } = await rig.solve(question, { stream: true });
    expect(given).toBe(`To ${email}`);
  });
});
