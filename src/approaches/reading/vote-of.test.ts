import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { extractAnswer } from './extract-answer.ts';
import { normaliseAnswer } from './normalise-answer.ts';
import { voteOf } from './vote-of.ts';

describe('voteOf', () => {
  it('counts answers that mean the same, most votes first', () => {
    const texts = ['So the answer is 4.', '#### 5', '\\boxed{4.0}', 'Answer: **8/2**', 'It is\n7'];
    expect(voteOf(texts.map(extractAnswer), texts)).toEqual([
      { answer: '4', count: 3, first: 0, members: [0, 2, 3] },
      { answer: '5', count: 1, first: 1, members: [1] },
      { answer: '7', count: 1, first: 4, members: [4] },
    ]);
  });

  it('counts a reply without an answer as its whole text', () => {
    const groups = voteOf([undefined, 'x', undefined, undefined], ['Paris it is', '', '**paris  it is.**', 'Rome']);
    expect(groups.map(({ answer, members }) => [answer, members])).toEqual([
      ['paris it is', [0, 2]],
      ['x', [1]],
      ['rome', [3]],
    ]);
    expect(voteOf([], [])).toEqual([]);
  });

  it('puts every reply in exactly one group, in order', () => {
    const answers = fc.array(fc.option(fc.constantFrom('1', '1.0', 'b', '(b)', '2/2', 'c'), { nil: undefined }));
    fc.assert(
      fc.property(answers, (list) => {
        const texts = list.map((_, index) => `text ${index % 2}`);
        const groups = voteOf(list, texts);
        expect(groups.flatMap(({ members }) => members).sort((a, b) => a - b)).toEqual([...list.keys()]);
        for (const [index, { answer, count, first, members }] of groups.entries()) {
          expect([count, first]).toEqual([members.length, Math.min(...members)]);
          for (const member of members) expect(normaliseAnswer(list[member] ?? texts[member] ?? '')).toBe(answer);
          const next = groups[index + 1];
          if (next) expect(count > next.count || (count === next.count && first < next.first)).toBe(true);
        }
      }),
    );
  });
});
