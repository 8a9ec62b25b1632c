import { expect, test } from 'vitest';
import { Afterwork } from './afterwork.ts';

function start(options: { most?: number; limitMs?: number } = {}) {
  const failed: unknown[] = [];
  return { failed, afterwork: new Afterwork({ failed: (error) => failed.push(error), ...options }) };
}

/** Work that ends when it is stopped, by failing. */
function endless() {
  let fail: (error: Error) => void = () => undefined;
  let begun = 0;
  return {
    work: () => {
      begun++;
      return new Promise<void>((_, reject) => {
        fail = reject;
      });
    },
    stop: () => fail(new Error('stopped')),
    get begun() {
      return begun;
    },
  };
}

const soon = () => new Promise((resolve) => setTimeout(resolve, 20));

test('all work of a request is done, after what runs now', async () => {
  const { afterwork } = start();
  const done: string[] = [];
  const running = afterwork.run(
    [async () => void done.push('one'), async () => void done.push('two')],
    () => undefined,
  );
  done.push('now');
  await running;
  expect(done).toEqual(['now', 'one', 'two']);
});

test('what fails is told, and the rest is done', async () => {
  const { afterwork, failed } = start();
  const error = new Error('no');
  let isDone = false;
  await afterwork.run(
    [
      () => Promise.reject(error),
      async () => {
        isDone = true;
      },
    ],
    () => undefined,
  );
  expect([failed, isDone]).toEqual([[error], true]);
});

test('work that takes too long is stopped, and that is no failure', async () => {
  const { afterwork, failed } = start({ limitMs: 10 });
  const { work, stop } = endless();
  await afterwork.run([work], stop);
  await soon();
  expect(failed).toEqual([]);
});

test('work that does not end when it is stopped holds nobody up', async () => {
  const { afterwork } = start({ limitMs: 10 });
  await afterwork.run([() => new Promise(() => undefined)], () => undefined);
});

test('of more requests than may run at a time the work is left undone', async () => {
  const { afterwork } = start({ most: 1 });
  const [one, other] = [endless(), endless()];
  const running = afterwork.run([one.work], one.stop);
  await afterwork.run([other.work], other.stop);
  expect([one.begun, other.begun]).toEqual([1, 0]);
  afterwork.close();
  await running;
});

test('its end stops what runs, and nothing more begins', async () => {
  const { afterwork, failed } = start();
  const [one, other] = [endless(), endless()];
  const running = afterwork.run([one.work], one.stop);
  await soon();
  afterwork.close();
  await running;
  await afterwork.run([other.work], other.stop);
  expect([one.begun, other.begun, failed]).toEqual([1, 0, []]);
});
