import { describe, expect, it } from 'vitest';
import { failure } from '../custom-backends/rig.ts';
import { textOf } from '../routing/rig.ts';
import { always, type Json, rated, startApproach } from './rig.ts';

const twoBackends = { model: ['u:m', 'v:m'] };

describe('of two backends', () => {
  it('one fails, and the approach completes on the other (B24)', async () => {
    const { chat, calls } = await startApproach(
      { ...twoBackends, approach: 'moa' },
      { backends: { u: [{ status: 500 }], v: rated(['alpha', 'beta', 'gamma'], ['remarks', 'final']) } },
    );
    const answer = await chat();
    expect([answer.status, textOf(answer)]).toEqual([200, 'final']);
    expect(answer.headers).toMatchObject({ 'x-headrace-backend': 'v', 'x-headrace-calls': '3' });
    expect(Object.keys(JSON.parse(answer.text).headrace.usage_by_model)).toEqual(['v:m']);
    expect(calls().v).toBe(3);
  });

  it('one says 400, which marks nothing unhealthy (B24)', async () => {
    const refusing = ({ json }: { json: Json }) =>
      json.temperature > 1.5
        ? { status: 400, json: { error: { message: 'too hot', param: 'temperature' } } }
        : { content: '5' };
    const { chat, calls, gateway } = await startApproach(
      { approach: 're2' },
      { backends: { u: refusing }, yaml: { u: 'breaker: {failures: 1}\n' } },
    );
    for (let turn = 0; turn < 8; turn++) expect((await chat({ temperature: 1.9 })).status).toBe(400);
    expect((await chat()).status).toBe(200);
    expect(calls().u).toBe(9);
    const page = await (await gateway.get('/metrics')).text();
    expect(page).toContain('headrace_candidates{state="open"} 0');
  });
});

describe('where all candidates fail', () => {
  it.each([503, 500, 529, 404])('the error is that of a plain call: %i', async (status) => {
    const json = { error: { message: 'it is as it is' } };
    const { chat } = await startApproach({ approach: 'bon' }, { backends: { u: [{ status, json, retry_after: 1 }] } });
    const plain = failure(await chat({ model: 'u:m' }));
    const answer = await chat();
    expect(failure(answer)).toMatchObject({ status: plain.status, error: plain.error });
  });

  it('a 429 keeps its status and its retry-after', async () => {
    const { chat } = await startApproach({ approach: 'bon' }, { backends: { u: [{ status: 429, retry_after: 7 }] } });
    const answer = await chat();
    expect([answer.status, answer.headers['retry-after']]).toEqual([429, '7']);
  });

  it('a client is told not to repeat it after several calls', async () => {
    const refusing = ({ json }: { json: Json }) =>
      json.n === undefined ? { status: 503 } : { status: 400, json: { error: { param: 'n' } } };
    const { chat, calls } = await startApproach({ approach: 'bon' }, { backends: { u: refusing } });
    const answer = await chat();
    expect([answer.status, answer.headers['x-should-retry'], calls().u]).toEqual([502, 'false', 4]);
  });
});

describe('a refused key', () => {
  it.each([401, 403])('of a helper’s model ends it at once: %i', async (status) => {
    const { chat, calls } = await startApproach(
      { approach: 'bon', parameters: { judge: 'judge:m' } },
      { backends: { u: rated(['alpha', 'beta', 'gamma'], []), judge: [{ status }] } },
    );
    const answer = await chat();
    expect([answer.status, failure(answer).error.code]).toEqual([502, 'upstream_auth_failed']);
    expect(calls().u).toBe(1);
  });

  it.each([401, 403])('of one of several proposers ends it at once: %i', async (status) => {
    const { chat, calls } = await startApproach(
      { approach: 'moa', parameters: { proposers: ['u:m', 'v:m'] } },
      { backends: { u: always('alpha'), v: [{ status }] } },
    );
    expect(failure(await chat()).error.code).toBe('upstream_auth_failed');
    expect(calls().u).toBeLessThanOrEqual(1);
  });
});
