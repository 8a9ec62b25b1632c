import { expect, test } from 'vitest';
import { startFakeBackend } from '../../test/fake-backend/fake-backend.ts';
import { eventsOf, postJson, send } from '../../test/fake-backend/http-client.ts';
import { magicModels } from './magic-models.ts';

const messages = [{ role: 'user', content: 'one two three' }];

test('every magic name is listed, and the failures among them fail as they say', async () => {
  const server = await startFakeBackend();
  const url = `${server.baseUrl}/chat/completions`;
  const ask = (model: string, stream = false) => postJson(url, { model, messages, stream });
  const listed = JSON.parse((await send(`${server.baseUrl}/models`)).text).data.map(
    (model: { id: string }) => model.id,
  );
  expect(listed).toEqual(magicModels.map((model) => model.name));
  expect((await ask('status-429')).headers['retry-after']).toBe('1');
  expect((await ask('status-418')).status).toBe(418);
  expect((await ask('status-200')).status).toBe(200);
  for (const stream of [false, true]) {
    expect((await ask('echo', stream)).complete).toBe(true);
    const cut = await ask('cut', stream);
    expect([cut.status, cut.complete, cut.body.length > 0]).toEqual([200, false, true]);
    const cutAtStart = await ask('cut-at-start', stream);
    expect([cutAtStart.complete, cutAtStart.body.length]).toEqual([false, 0]);
    await expect(ask('reset', stream)).rejects.toMatchObject({ code: 'ECONNRESET' });
    await expect(ask('garbage', stream)).rejects.toThrow();
  }
  expect(eventsOf((await ask('error-in-stream', true)).text).at(-1)).toHaveProperty('error.code', 'engine_overloaded');
  expect(JSON.parse((await ask('error-in-200')).text)).not.toHaveProperty('choices');
  expect((await ask('no-done', true)).text).not.toContain('[DONE]');
  expect(JSON.parse((await ask('no-usage')).text)).not.toHaveProperty('usage');
  expect(JSON.parse((await ask('too-long')).text).error.code).toBe('context_length_exceeded');
  expect([(await ask('loading')).status, (await ask('redirect')).status, (await ask('html')).status]).toEqual([
    503, 307, 502,
  ]);
  const slow = await ask('slow', true);
  expect((slow.pieces.at(-1)?.at ?? 0) - slow.headAt).toBeGreaterThan(1000);
});

test('magic names can be switched off', async () => {
  const server = await startFakeBackend({ magic_models: false });
  expect((await postJson(`${server.baseUrl}/chat/completions`, { model: 'status-500', messages })).status).toBe(200);
});
