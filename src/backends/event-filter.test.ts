import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventFilter, type EventFilterRules } from './event-filter.ts';

const rules: EventFilterRules = { answerModel: undefined, withholdUsage: false, keepText: false };

const usage = '{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}';
const events = [
  ': OPENROUTER PROCESSING\n\n',
  'data: {"id":"1","model":"gpt-4o-2024","choices":[{"delta":{"role":"assistant","content":""}}],"usage":null}\n\n',
  'event: message\r\ndata: {"model":"gpt-4o-2024","choices":[{"delta":{"content":"hé \\"usage\\": [DONE] 😀"}}]}\r\n\r\n',
  'data: {"model":"x",\ndata: "choices":[{"delta":{"content":"two lines"},"model":"inner"}]}\n\n',
  'data: {"choices":[{"delta":{"content":"no model"}}]}\n\n',
  'data: {"model":"gpt-4o-2024","choices":[{"delta":{},"finish_reason":"stop"}]}\n\n',
  `data: {"model":"gpt-4o-2024","choices":[],"usage":${usage}}\n\n`,
  'data: [DONE]\n\n',
];

function run(pieces: readonly Buffer[], changed: Partial<EventFilterRules> = {}) {
  const filter = new EventFilter({ ...rules, ...changed });
  const out: Buffer[] = [];
  for (const piece of pieces) {
    const passed = filter.push(piece);
    if (passed) out.push(passed);
  }
  const last = filter.end();
  if (last) out.push(last);
  return { filter, text: Buffer.concat(out).toString() };
}

function split(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [...new Set(cuts.map((cut) => cut % bytes.length))].sort((a, b) => a - b);
  return [0, ...places].map((from, i) => bytes.subarray(from, [...places, bytes.length][i]));
}

const whole = Buffer.from(events.join(''));

describe('EventFilter', () => {
  it('passes every byte as it came where nothing is to change, wherever it is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 40 }), (cuts) => {
        const { filter, text } = run(split(whole, cuts));
        expect(text).toBe(whole.toString());
        expect(filter.done).toBe(true);
        expect(filter.usage?.totalTokens).toBe(5);
      }),
    );
  });

  it('gives the model its public name in every event, wherever it is cut, and changes nothing else', () => {
    const expected = whole
      .toString()
      .replaceAll('"model":"gpt-4o-2024"', '"model":"in \\"ternal\\""')
      .replace('"model":"x"', '"model":"in \\"ternal\\""');
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 40 }), (cuts) => {
        expect(run(split(whole, cuts), { answerModel: 'in "ternal"' }).text).toBe(expected);
      }),
    );
  });

  it('takes the usage event out, wherever it is cut, and still reads it', () => {
    const expected = events.filter((event) => !event.includes('"choices":[]')).join('');
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 40 }), (cuts) => {
        const { filter, text } = run(split(whole, cuts), { withholdUsage: true });
        expect(text).toBe(expected);
        expect(filter.usage).toMatchObject({ promptTokens: 3, completionTokens: 2, totalTokens: 5 });
      }),
    );
  });

  it('leaves usage in place where the event also holds choices', () => {
    const event = `data: {"choices":[{"delta":{"content":"a"}}],"usage":${usage}}\n\n`;
    expect(run([Buffer.from(event)], { withholdUsage: true }).text).toBe(event);
  });

  it('survives every split of every kind of line end', () => {
    for (const end of ['\n\n', '\r\n\r\n', '\r\r', '\n\r\n']) {
      const bytes = Buffer.from(`data: {"model":"a"}${end}data: {"model":"b"}${end}data: [DONE]${end}`);
      const expected = bytes.toString().replaceAll(/"model":"."/g, '"model":"m"');
      for (let a = 0; a < bytes.length; a++) {
        for (let b = a; b < bytes.length; b += 3) {
          const { filter, text } = run([bytes.subarray(0, a), bytes.subarray(a, b), bytes.subarray(b)], {
            answerModel: 'm',
          });
          expect(text).toBe(expected);
          expect(filter.done).toBe(true);
        }
      }
    }
  });

  it('drops an event that was cut off, and knows that the end is missing', () => {
    const { filter, text } = run([Buffer.from('data: {"choices":[]}\n\ndata: {"cho')]);
    expect(text).toBe('data: {"choices":[]}\n\n');
    expect(filter.done).toBe(false);
    expect(filter.sawFinish).toBe(false);
    expect(filter.sawData).toBe(true);
    expect(filter.sawOutput).toBe(false);
  });

  it('collects the generated text where it is asked to', () => {
    const { filter } = run(split(whole, [10, 100, 300]), { keepText: true });
    expect(filter.text()).toBe('hé "usage": [DONE] 😀two linesno model');
    expect(filter.sawFinish).toBe(true);
  });

  it('keeps the text of a long stream without its events', () => {
    const words = Array.from({ length: 20_000 }, (_, at) => `word${at} `);
    const pieces = words.map((word) =>
      Buffer.from(`data: {"choices":[{"delta":{"content":${JSON.stringify(word)}}}]}\n\n`),
    );
    const { filter } = run(pieces, { keepText: true });
    expect(filter.text()).toBe(words.join(''));
    expect(filter.text()).toBe(words.join(''));
  });

  it('passes data that is no JSON as it came', () => {
    const text = 'data: not json "usage"\n\ndata: [1,2]\n\n';
    expect(run([Buffer.from(text)], { answerModel: 'm', withholdUsage: true }).text).toBe(text);
  });
});
