import { describe, expect, test } from 'vitest';
import { startMoa, usage } from './test-moa.ts';

describe('a stream of moa', () => {
  const words = 'one two three four five six seven eight nine ten';
  const shown = (_: string, turn: number) => (turn === 0 ? 'critical remarks' : { content: words, usage });

  test('is the last call as it comes, with the sum of usage', async () => {
    const rig = await startMoa({ shown, usage });
    const streaming = { stream: true, stream_options: { include_usage: true } };
    const { text, body, events, finish } = await rig.solve('Which?', streaming);
    expect(text).toBe(words);
    expect(rig.sent().map(({ stream }) => stream)).toEqual([undefined, undefined, true]);
    expect(body).not.toMatch(/alpha|remarks/);
    expect(events.filter((event) => event.choices[0]?.delta.content)).toHaveLength(10);
    expect(events.at(-2)).toMatchObject({
      choices: [{ finish_reason: 'stop' }],
      headrace: { approach: 'moa', calls: 3 },
    });
    expect(events.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 60, completion_tokens: 9 } });
    expect(finish).toMatchObject({ outcome: 'complete', usage: { totalTokens: 69 } });
  });

  test('is no live one for several choices or a format that is checked', async () => {
    const several = await startMoa();
    await several.solve('Which?', { stream: true, n: 2 });
    const format = await startMoa();
    await format.solve('Which?', { stream: true, response_format: { type: 'json_object' } });
    for (const call of [...several.sent(), ...format.sent()]) expect(call.stream).not.toBe(true);
  });

  test('shows life before there is text', async () => {
    const slowly = (_: string, turn: number) => (turn === 0 ? { content: 'remarks', delay_ms: 300 } : words);
    const rig = await startMoa({ shown: slowly }, { keepAliveMs: 50 });
    const { body, text } = await rig.solve('Which?', { stream: true });
    expect(body.startsWith(': keep-alive\n\n: keep-alive\n\n')).toBe(true);
    expect(text).toBe(words);
  });

  test('keeps the status of a failure before it begins, and ends with an error event after', async () => {
    const early = await startMoa({ shown: () => ({ status: 404 }) });
    await expect(early.solve('Which?', { stream: true })).rejects.toMatchObject({ status: 404 });
    const cut = { content: words, cut_after_chunks: 4 };
    const late = await startMoa({ shown: (_, turn) => (turn === 0 ? 'remarks' : cut) });
    const { body, events, finish } = await late.solve('Which?', { stream: true });
    expect(events.at(-1)).toHaveProperty('error');
    expect(body).not.toContain('[DONE]');
    expect(finish.outcome).toBe('broken');
  });

  test('ends every call when the client leaves', async () => {
    const rig = await startMoa({ several: 'refused', candidates: [{ hang: true }] });
    const client = new AbortController();
    const solving = rig.solve('Which?', {}, client.signal).catch((caught) => caught);
    while (rig.sent().length < 4) await new Promise((resolve) => setTimeout(resolve, 5));
    client.abort();
    expect((await solving).code).toBe('client_closed_request');
    await Promise.all(rig.backend.posts().map(({ ended }) => ended));
    expect(
      rig.backend
        .posts()
        .slice(1)
        .map(({ end }) => end),
    ).toEqual(['aborted', 'aborted', 'aborted']);
    expect(rig.sent()).toHaveLength(4);
  });

  test('a refused key ends the calls that are still on their way', async () => {
    const rig = await startMoa({
      several: 'refused',
      candidates: [{ hang: true }, { status: 401, delay_ms: 300 }, { hang: true }],
    });
    await expect(rig.solve('Which?')).rejects.toMatchObject({ code: 'upstream_auth_failed' });
    const ends = await Promise.all(rig.backend.posts().map(({ ended }) => ended));
    expect(ends.filter((end) => end === 'aborted')).toHaveLength(2);
  });
});
