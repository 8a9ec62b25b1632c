import { describe, expect, test } from 'vitest';
import { startSolving } from '../../../test/harness/solving.ts';
import { parsePlan } from '../plan.ts';
import type { Stage } from '../stage.ts';
import { readurls } from '../transforms/readurls.ts';
import { serveText } from '../web/test-pages.ts';
import { memory } from './memory.ts';

const stages = [memory, readurls] as unknown as readonly Stage[];
const usage = { prompt_tokens: 4, completion_tokens: 1 };
const question = 'Which owl is called Minerva?';

type Script = Parameters<typeof startSolving>[0]['script'];

/** A token is a word here. */
function start(script: Script, parameters: object = {}, plan = 'memory') {
  const own = { chunk_tokens: 10, ...parameters };
  return startSolving({
    stages,
    plan,
    parameters: plan === 'memory' ? own : { memory: own },
    script,
    settings: { readUrlsAllowHosts: ['127.0.0.1'] },
  });
}

/** The chunk that a call is shown, by the words `w1` ... in it. */
function wordsOf(request: Record<string, unknown>): string[] {
  const [message] = (request.messages as { content: string }[]).slice(-1);
  return message?.content.match(/\bw\d+\b/g) ?? [];
}

const isNote = (request: Record<string, unknown>) => request.temperature === 0.1;
const paragraphs = (count: number, words: number) =>
  Array.from({ length: count }, (_, at) =>
    Array.from({ length: words }, (__, word) => `w${at * words + word}`).join(' '),
  );

/** Notes by the first word of their chunk, and the answer. */
function script(notes: Record<string, string>): Script {
  return ({ json }) =>
    isNote(json) ? { content: notes[wordsOf(json)[0] ?? ''] ?? 'NONE', usage } : { content: 'The first.', usage };
}

describe('memory', () => {
  test('a context of one chunk changes nothing', async () => {
    const rig = await start(script({}));
    const whole = `${paragraphs(2, 5).join('\n\n')}\n\n${question}`;
    const { body } = await rig.solve(whole);
    expect(rig.sent()).toEqual([{ model: 'm', messages: [{ role: 'user', content: whole }] }]);
    expect(body.headrace).toMatchObject({ approach: 'memory', calls: 1 });
  });

  test('a longer one is read in pieces at once, and the answer comes from the notes in order', async () => {
    const notes = { w0: 'Relevance: 3\nfirst note', w10: 'None.', w20: 'Relevance: 9\nthird note' };
    const rig = await start(script(notes));
    const messages = [
      { role: 'system', content: 'Be short.' },
      { role: 'user', content: `${paragraphs(6, 5).join('\n\n')}\n\n${question}` },
    ];
    const { text, body } = await rig.solve('', { messages, temperature: 0.7, user: 'u1', max_tokens: 50 });
    expect(text).toBe('The first.');
    const taken = rig.sent().filter(isNote);
    const [last] = rig.sent().filter((request) => !isNote(request));
    expect(taken.map((one) => wordsOf(one).length)).toEqual([10, 10, 10]);
    for (const one of taken) {
      expect(one.messages[0]).toEqual(messages[0]);
      expect(one.messages.at(-1).content).toContain(question);
      expect(one).toMatchObject({ user: 'u1' });
      expect(one).not.toHaveProperty('max_tokens');
    }
    const asked = last?.messages.at(-1).content as string;
    expect(asked).not.toMatch(/\bw\d/);
    expect(asked.indexOf('first note')).toBeLessThan(asked.indexOf('third note'));
    expect(asked.endsWith(question)).toBe(true);
    expect(asked.split(question)).toHaveLength(2);
    expect(last).toMatchObject({ temperature: 0.7, max_tokens: 50 });
    expect(body.headrace).toMatchObject({ calls: 4 });
    expect(body.usage).toMatchObject({ total_tokens: 20 });
  });

  test('notes over `notes_tokens` are dropped by their relevance', async () => {
    const note = (name: string, relevance: number) => `Relevance: ${relevance}\n${`${name} `.repeat(6)}`;
    const notes = {
      w0: note('aa', 2),
      w10: note('bb', 8),
      w20: `bare ${'cc '.repeat(5)}`,
      w30: 'Relevance: 7/10\ndd dd',
    };
    const rig = await start(script(notes), { notes_tokens: 10 });
    await rig.solve(`${paragraphs(8, 5).join('\n\n')}\n\n${question}`);
    const asked = rig.sent().at(-1)?.messages.at(-1).content as string;
    expect(asked.match(/aa|bb|cc|dd/g)).toEqual([...Array(6).fill('bb'), 'dd', 'dd']);
  });

  test('of a single note that is too long the beginning is kept', async () => {
    const rig = await start(
      script({ w0: `Relevance: 5\n${Array.from({ length: 30 }, (_, at) => `n${at}`).join(' ')}` }),
      {
        notes_tokens: 12,
      },
    );
    await rig.solve(`${paragraphs(4, 5).join('\n\n')}\n\n${question}`);
    const asked = rig.sent().at(-1)?.messages.at(-1).content as string;
    expect(asked.match(/\bn\d+/g)).toEqual(Array.from({ length: 12 }, (_, at) => `n${at}`));
  });

  test('a paragraph longer than a piece is cut between words, and nothing is lost', async () => {
    const rig = await start(script({}));
    await rig.solve(`${paragraphs(1, 37).join('')}\n\n${question}`);
    const taken = rig.sent().filter(isNote).map(wordsOf);
    expect(Math.max(...taken.map(({ length }) => length))).toBeLessThanOrEqual(10);
    expect(taken.flat().toSorted((one, two) => Number(one.slice(1)) - Number(two.slice(1)))).toEqual(
      Array.from({ length: 37 }, (_, at) => `w${at}`),
    );
  });

  test('a note that is cut off is asked again, and then it is an error', async () => {
    let turn = 0;
    const rig = await start(({ json }) => {
      if (!isNote(json)) return { content: 'Fine.' };
      return { content: 'Relevance: 5\nhalf', finish_reason: turn++ === 0 ? 'length' : 'stop' };
    });
    const whole = `${paragraphs(3, 5).join('\n\n')}\n\n${question}`;
    const { body } = await rig.solve(whole);
    expect(body.headrace).toMatchObject({ calls: 4 });
    const hopeless = await start(() => ({ content: 'half', finish_reason: 'length' }));
    await expect(hopeless.solve(whole)).rejects.toMatchObject({ code: 'upstream_error', status: 502 });
  });

  test('a note that fails ends it with that error', async () => {
    const rig = await start(({ json }) => (wordsOf(json).includes('w10') ? { status: 404 } : { content: 'NONE' }));
    const error = await rig.solve(`${paragraphs(4, 5).join('\n\n')}\n\n${question}`).catch((thrown) => thrown);
    expect(error.status).toBe(404);
    expect(error.headers).toContainEqual(['x-should-retry', 'false']);
  });

  test('the answer is streamed as it comes', async () => {
    const rig = await start(script({ w0: 'Relevance: 3\nnote' }));
    const { text, events } = await rig.solve(`${paragraphs(4, 5).join('\n\n')}\n\n${question}`, { stream: true });
    expect(text).toBe('The first.');
    expect(rig.sent().filter(({ stream }) => stream === true)).toHaveLength(1);
    expect(events.at(-1)).toMatchObject({ headrace: { calls: 3 } });
  });

  test('behind `readurls` the pages are the context, and the question is the question', async () => {
    const page = await serveText(paragraphs(4, 5).join('\n\n'));
    const rig = await start(script({ w0: 'Relevance: 3\npage note' }), {}, 'readurls&memory');
    const own = `${question} See http://${page}/`;
    await rig.solve(own);
    const asked = rig.sent().at(-1)?.messages.at(-1).content as string;
    expect(asked).toContain('page note');
    expect(asked.endsWith(own)).toBe(true);
    expect(rig.sent().filter(isNote).flatMap(wordsOf)).toHaveLength(20);
  });

  test('`helper_max_tokens` is for the notes alone', async () => {
    const rig = await start(script({}), { helper_max_tokens: 77 });
    await rig.solve(`${paragraphs(4, 5).join('\n\n')}\n\n${question}`);
    expect(rig.sent().map(({ max_tokens }) => max_tokens)).toEqual([77, 77, undefined]);
  });

  test.each([{ chunk_tokens: 0 }, { notes_tokens: 1.5 }, { chunk_token: 100 }])('%j is refused', (parameters) => {
    const known = new Map(stages.map((stage) => [stage.name, stage]));
    expect(() => parsePlan('memory', parameters, known)).toThrow(/_tokens/);
  });
});
