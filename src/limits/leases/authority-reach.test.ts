import { expect, test } from 'vitest';
import { AuthorityReach, type AuthorityState, LateAnswerError } from './authority-reach.ts';

function watch() {
  const states: AuthorityState[] = [];
  return { states, reach: new AuthorityReach((state) => states.push(state)) };
}

const late = new LateAnswerError('no answer within 250 ms');
const refused = new Error('connect ECONNREFUSED');

test('it is lost when it fails three times in a row, and there again with the first answer', () => {
  const { states, reach } = watch();
  expect(reach.answered(0)).toBe(true);
  expect(reach.answered(100)).toBe(false);
  reach.failed(200, refused);
  reach.failed(300, refused);
  reach.answered(400);
  for (const at of [500, 600]) reach.failed(at, refused);
  expect(reach.isLost).toBe(false);
  reach.failed(700, refused);
  expect(reach).toMatchObject({ isLost: true, lostAt: 700 });
  reach.failed(800, refused);
  expect(reach.answered(900)).toBe(true);
  expect(states.map(({ ok, error }) => error ?? ok)).toEqual([true, 'connect ECONNREFUSED', true]);
});

test('slow answers are a loss only after two seconds', () => {
  const { states, reach } = watch();
  reach.answered(0);
  for (let at = 250; at < 2000; at += 250) reach.failed(at, late);
  expect(reach.isLost).toBe(false);
  reach.failed(2000, late);
  expect(reach.isLost).toBe(true);
  expect(states).toHaveLength(2);
});

test('one that was never reached is lost at once, from ever on, and is tried more and more rarely', () => {
  const { reach } = watch();
  reach.failed(100, late);
  expect(reach).toMatchObject({ isLost: true, lostAt: Number.NEGATIVE_INFINITY, backoffMs: 100 });
  for (let at = 200; at < 700; at += 100) reach.failed(at, late);
  expect(reach.backoffMs).toBe(1000);
});
