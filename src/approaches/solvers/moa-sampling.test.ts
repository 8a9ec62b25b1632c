import { describe, expect, test } from 'vitest';
import { divide, materialOf } from '../../../test/harness/candidate-script.ts';
import { startSolving } from '../../../test/harness/solving.ts';
import { moa } from './moa.ts';
import { expectIn, startMoa, three } from './test-moa.ts';

describe('moa over a backend that gives one choice at a time', () => {
  test('asks for the missing ones, and remembers it', async () => {
    const rig = await startMoa({ several: 'ignored', candidates: [...three, 'delta', 'epsilon', 'zeta'] });
    expect((await rig.solve('Which?', { seed: 10 })).body.headrace.calls).toBe(5);
    const first = rig.sent();
    expect(first.slice(0, 3).map(({ n }) => n)).toEqual([3, undefined, undefined]);
    expect(
      first
        .slice(0, 3)
        .map(({ seed }) => seed)
        .toSorted(),
    ).toEqual([10, 11, 12]);
    expectIn(materialOf(first[3] ?? {}), three);
    expect((await rig.solve('Which?')).body.headrace.calls).toBe(5);
    for (const call of rig.sent().slice(5)) expect(call).not.toHaveProperty('n');
  });

  test('a refusal of several choices is no failure', async () => {
    const rig = await startMoa({ several: 'refused' });
    expect(await rig.solve('Which?')).toMatchObject({ text: 'the final answer', body: { headrace: { calls: 6 } } });
    expect(await rig.solve('Which?')).toMatchObject({ text: 'the final answer', body: { headrace: { calls: 5 } } });
  });

  test.each([
    [401, 'upstream_auth_failed'],
    [403, 'upstream_auth_failed'],
    [404, undefined],
    [400, undefined],
    [500, undefined],
  ])('any other failure is no reason to ask for single ones: %i', async (status, code) => {
    const error = { message: 'The temperature is too high', param: 'temperature' };
    const rig = await startSolving({ stages: [moa], plan: 'moa', script: [{ status, json: { error } }] });
    const thrown = await rig.solve('Which?').catch((caught) => caught);
    expect(thrown.name).toBe('GatewayError');
    if (code === undefined) expect(thrown.upstreamError ?? thrown.message).toBeTruthy();
    else expect(thrown.code).toBe(code);
    expect(rig.sent()).toHaveLength(1);
  });

  test('a limit of the backend is waited for', async () => {
    const script = [{ status: 429, retry_after: 1 }, { content: three }, { content: 'remarks' }, { content: 'answer' }];
    const rig = await startSolving({ stages: [moa], plan: 'moa', yaml: 'auth_type: none\nmax_retries: 1', script });
    expect((await rig.solve('Which?')).text).toBe('answer');
    const [refused, again] = rig.backend.posts();
    expect((again?.arrivedAt ?? 0) - (refused?.arrivedAt ?? 0)).toBeGreaterThan(900);
  });

  test('a candidate that fails is left out, not copied', async () => {
    const rig = await startMoa({ several: 'refused', candidates: ['alpha', { status: 500 }, 'gamma'] });
    expect((await rig.solve('Which?')).text).toBe('the final answer');
    const material = materialOf(divide(rig.sent()).shown[0] ?? {});
    expect(material.split('alpha')).toHaveLength(2);
    expect(material.split('gamma')).toHaveLength(2);
  });

  test('where all fail it is the error of the first', async () => {
    const candidates = [{ status: 404 }];
    const rig = await startMoa({ several: 'refused', candidates });
    const headers = expect.arrayContaining([['x-should-retry', 'false']]);
    await expect(rig.solve('Which?')).rejects.toMatchObject({ status: 404, headers });
    expect(rig.sent()).toHaveLength(4);
  });

  test('where all hold nothing but thinking it is an error', async () => {
    const rig = await startMoa({ candidates: ['<think>Hm', '<think>Hm</think>', '<reasoning>'] });
    await expect(rig.solve('Which?')).rejects.toMatchObject({ status: 502, code: 'upstream_error' });
  });
});
