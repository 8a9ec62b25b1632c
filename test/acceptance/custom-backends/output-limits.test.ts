import { describe, expect, it } from 'vitest';
import { measuredChat } from './expected-tokens.ts';
import { failure, hello, modelYaml, startRig } from './rig.ts';

const measured = measuredChat(hello);
const both = ['max_tokens', 'max_completion_tokens'] as const;

describe('the limit of the output', () => {
  it.each(both)('refuses %s beyond what the window leaves, and says how much would pass', async (field) => {
    const { chat, backend } = await startRig({ yaml: modelYaml({ context_window: 100 }) });
    const allowed = 100 - measured;
    for (const stream of [false, true]) {
      const { status, error, detail } = failure(await chat({ [field]: allowed + 1, stream }));
      expect([status, error.code, error.type, error.param]).toEqual([
        400,
        'output_limit_exceeded',
        'invalid_request_error',
        field,
      ]);
      expect(error.message).toContain(String(allowed));
      expect(detail).toEqual({
        code: 'output_limit_exceeded',
        message: expect.any(String),
        details: { model: 'm', limit: 100, requested: allowed + 1, measured, allowed },
      });
    }
    expect(backend.posts()).toHaveLength(0);
    expect((await chat({ [field]: allowed })).status).toBe(200);
    expect(backend.posts()[0]?.json[field]).toBe(allowed);
  });

  it.each(both)('refuses %s over max_output_tokens', async (field) => {
    const { chat, backend } = await startRig({ yaml: modelYaml({ max_output_tokens: 50 }) });
    const { status, error, detail } = failure(await chat({ [field]: 51 }));
    expect([status, error.code, error.param]).toEqual([400, 'output_limit_exceeded', field]);
    expect(error.message).toContain('50');
    expect(detail).toMatchObject({ details: { model: 'm', limit: 50, requested: 51, measured, allowed: 50 } });
    expect(backend.posts()).toHaveLength(0);
    expect((await chat({ [field]: 50 })).status).toBe(200);
  });

  it('takes the larger of both fields, and names it', async () => {
    const { chat } = await startRig({ yaml: modelYaml({ max_output_tokens: 50 }) });
    const refused = failure(await chat({ max_tokens: 10, max_completion_tokens: 60 }));
    expect([refused.error.code, refused.error.param]).toEqual(['output_limit_exceeded', 'max_completion_tokens']);
    expect(failure(await chat({ max_tokens: 70, max_completion_tokens: 60 })).error.param).toBe('max_tokens');
    expect((await chat({ max_tokens: 50, max_completion_tokens: 50 })).status).toBe(200);
  });

  it('holds for completions', async () => {
    const { post } = await startRig({ yaml: modelYaml({ max_output_tokens: 50 }) });
    const ask = (max_tokens: number) => post('/v1/completions', { model: 'u:m', prompt: 'a', max_tokens });
    expect(failure(await ask(51)).error.code).toBe('output_limit_exceeded');
    expect((await ask(50)).status).toBe(200);
  });

  it.each(['1e3', '1000.0', '10e2', '1000'])('reads %s as 1000', async (spelling) => {
    const { post, backend } = await startRig({ yaml: modelYaml({ max_output_tokens: 999 }) });
    const body = (model: string) => `{"model":"${model}","max_tokens":${spelling},"messages":[]}`;
    const { error, detail } = failure(await post('/v1/chat/completions', body('u:m')));
    expect(error.code).toBe('output_limit_exceeded');
    expect(detail).toMatchObject({ details: { requested: 1000 } });
    const wide = await startRig({ yaml: modelYaml({ max_output_tokens: 1000 }) });
    expect((await wide.post('/v1/chat/completions', body('u:m'))).status).toBe(200);
    expect(wide.backend.posts()[0]?.body.toString()).toBe(body('m'));
    expect(backend.posts()).toHaveLength(0);
  });

  it.each(['"1000"', '1.5', '-1', 'true', '[5]', '{}', '1e400', '""'])(
    'refuses %s as no whole number',
    async (spelling) => {
      for (const field of both) {
        const { post, backend } = await startRig({ yaml: modelYaml({ max_output_tokens: 50 }) });
        const answer = await post('/v1/chat/completions', `{"model":"u:m","${field}":${spelling},"messages":[]}`);
        const { status, error } = failure(answer);
        expect([status, error.code, error.param]).toEqual([400, 'invalid_request', field]);
        expect(backend.posts()).toHaveLength(0);
      }
    },
  );

  it('takes null for absent, and 0 for 0', async () => {
    const { chat, backend } = await startRig({ yaml: modelYaml({ max_output_tokens: 50 }) });
    for (const value of [null, 0]) expect((await chat({ max_tokens: value })).status).toBe(200);
    expect(backend.posts().map((post) => post.json.max_tokens)).toEqual([null, 0]);
  });

  it('adds nothing and refuses nothing where nothing is asked', async () => {
    const { chat, backend } = await startRig({ yaml: modelYaml({ context_window: 20, max_output_tokens: 19 }) });
    expect((await chat()).status).toBe(200);
    expect(backend.posts()[0]?.json).toEqual({ ...hello, model: 'm' });
  });

  it('is not read where the model has none', async () => {
    const { chat, backend } = await startRig({ yaml: modelYaml({}) });
    expect((await chat({ max_tokens: '1000' })).status).toBe(200);
    expect(backend.posts()[0]?.json.max_tokens).toBe('1000');
  });
});

describe('a default of max_tokens that does not fit', () => {
  it.each(both)('is lowered to what the window leaves (%s)', async (field) => {
    const yaml = modelYaml({ context_window: 100 }, { parameters: { [field]: 95 } });
    const { chat, backend } = await startRig({ yaml });
    expect((await chat()).status).toBe(200);
    expect(backend.posts()[0]?.json).toEqual({ ...hello, model: 'm', [field]: 100 - measured });
    const messages = [{ role: 'user', content: 'word '.repeat(60) }];
    await chat({ messages });
    expect(backend.posts()[1]?.json[field]).toBe(100 - measuredChat({ messages }));
  });

  it('is lowered by the forced window as well', async () => {
    const yaml = modelYaml({}, { parameters: { max_tokens: 500 } });
    const { chat, backend } = await startRig({ yaml, flags: { forceContextWindow: '200' } });
    await chat();
    expect(backend.posts()[0]?.json.max_tokens).toBe(200 - measured);
  });

  it('stays as it is where it fits', async () => {
    const yaml = modelYaml({ context_window: 100, max_output_tokens: 50 }, { parameters: { max_tokens: 50 } });
    const { chat, backend } = await startRig({ yaml });
    await chat();
    expect(backend.posts()[0]?.json.max_tokens).toBe(50);
  });

  it('is left to the client where it asks itself: that is refused, not lowered', async () => {
    const { chat } = await startRig({ yaml: modelYaml({ context_window: 100 }, { parameters: { max_tokens: 95 } }) });
    expect(failure(await chat({ max_tokens: 95 })).error.code).toBe('output_limit_exceeded');
  });
});
