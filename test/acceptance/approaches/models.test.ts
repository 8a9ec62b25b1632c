import { describe, expect, it } from 'vitest';
import { failure } from '../custom-backends/rig.ts';
import { always, startApproach } from './rig.ts';

const keys = [
  { name: 'wide', key: 'key-wide-0123456789abcdef' },
  { name: 'narrow', key: 'key-narrow-0123456789abcde', models: ['r', 'u:m'] },
];
const as = (name: string) => ({ headers: { authorization: `Bearer ${keys.find((one) => one.name === name)?.key}` } });
const bon = (judge: string) => ({ headrace_approach: { name: 'bon', parameters: { judge } } });

async function start(route: object = {}) {
  const settings = {
    keys: keys.map(({ name, models }) => ({
      name,
      key_env_var: `KEY_${name.toUpperCase()}`,
      ...(models && { models }),
    })),
  };
  return startApproach(route, {
    backends: { u: always('an answer'), judge: always('Score: 5') },
    yaml: { all: 'max_retries: 0\nmodels: {m: {}}\n' },
    settings,
    env: Object.fromEntries(keys.map(({ name, key }) => [`KEY_${name.toUpperCase()}`, key])),
  });
}

describe('a model that a request names in a parameter', () => {
  it('is asked in place of the route’s own', async () => {
    const { chat, calls } = await start();
    const answer = await chat({ model: 'u:m', ...bon('judge:m') }, as('wide'));
    expect([answer.status, calls()]).toEqual([200, { u: 1, judge: 3 }]);
    expect(answer.headers).toMatchObject({ 'x-headrace-backend': 'u', 'x-headrace-model': 'm' });
  });

  it.each(['nothing', 'judg:m', 'judge:'])('is refused before any call where it is none: %s', async (judge) => {
    const { chat, calls } = await start();
    const plain = failure(await chat({ model: judge }, as('wide')));
    const answer = failure(await chat({ model: 'u:m', ...bon(judge) }, as('wide')));
    expect([answer.status, answer.error]).toEqual([plain.status, plain.error]);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(calls()).toEqual({ u: 0, judge: 0 });
  });

  it('is not there for a key that may not use it', async () => {
    const { chat, calls } = await start();
    const [hidden, absent] = await Promise.all(
      ['judge:m', 'judge:n'].map(async (judge) => failure(await chat({ model: 'u:m', ...bon(judge) }, as('narrow')))),
    );
    expect(hidden).toMatchObject({ status: 404, error: { code: 'model_not_found' } });
    expect(hidden?.error.message.replace('judge:m', 'judge:n')).toBe(absent?.error.message);
    expect(calls()).toEqual({ u: 0, judge: 0 });
  });

  it('is no route that has an approach itself', async () => {
    const { chat, calls } = await start({ approach: 're2' });
    const { status, error } = failure(await chat({ model: 'u:m', ...bon('r') }, as('wide')));
    expect([status, error.code]).toEqual([400, 'invalid_request']);
    expect(error.message).toContain('judge');
    expect(calls().u).toBe(0);
  });
});

describe('a model that the operator wrote into the parameters of a route', () => {
  const route = { approach: 'bon', parameters: { judge: 'judge:m' } };

  it('is used for whoever may use the route', async () => {
    const { chat, calls } = await start(route);
    expect((await chat({}, as('narrow'))).status).toBe(200);
    expect(calls()).toEqual({ u: 1, judge: 3 });
  });

  it('is still not there for a request that names it itself', async () => {
    const { chat } = await start(route);
    expect((await chat(bon('judge:m'), as('narrow'))).status).toBe(404);
  });
});
