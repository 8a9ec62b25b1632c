import { describe, expect, it } from 'vitest';
import { startTestGateway } from '../../harness/test-gateway.ts';
import { customYaml, failure, forwardClock, hello, modelYaml, postTo, startRig } from './rig.ts';

const statusOf = (answer: { status: number }) => answer.status;

describe('requests_per_minute', () => {
  it('refuses the third of two, sends nothing, and says when it would pass', async () => {
    const { chat, backend } = await startRig({ yaml: modelYaml({ requests_per_minute: 2 }) });
    for (const stream of [false, true]) expect((await chat({ stream })).status).toBe(200);
    for (const stream of [false, true]) {
      const answer = await chat({ stream });
      const { status, error } = failure(answer);
      expect([status, error.code, error.type]).toEqual([429, 'rate_limit_exceeded', 'rate_limit_error']);
      expect(answer.headers['content-type']).toContain('application/json');
      expect(answer.headers['retry-after']).toMatch(/^(59|60)$/);
    }
    expect(backend.posts()).toHaveLength(2);
    forwardClock(50_000);
    const later = await chat();
    expect([later.status, Number(later.headers['retry-after']) <= 10]).toEqual([429, true]);
    forwardClock(Number(later.headers['retry-after']) * 1000);
    expect((await chat()).status).toBe(200);
    expect(backend.posts()).toHaveLength(3);
  });

  it('is a sliding window: no span of 60 s has more', async () => {
    const { chat } = await startRig({ yaml: modelYaml({ requests_per_minute: 2 }) });
    expect((await chat()).status).toBe(200);
    forwardClock(40_000);
    expect([await chat(), await chat()].map(statusOf)).toEqual([200, 429]);
    forwardClock(20_500); // the first is out of the window, the second not yet
    expect([await chat(), await chat()].map(statusOf)).toEqual([200, 429]);
    forwardClock(40_000);
    expect([await chat(), await chat()].map(statusOf)).toEqual([200, 429]);
  });

  it('admits exactly so many of 50 at once', async () => {
    const { chat, backend } = await startRig({
      script: () => ({ delay_ms: 50 }),
      yaml: modelYaml({ requests_per_minute: 2 }),
    });
    const all = await Promise.all(Array.from({ length: 50 }, (_, index) => chat({ stream: index % 2 === 0 })));
    expect(all.filter((answer) => answer.status === 200)).toHaveLength(2);
    expect(all.filter((answer) => answer.status === 429)).toHaveLength(48);
    for (const answer of all) {
      if (answer.status === 429) expect(Number(answer.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    }
    expect(backend.posts()).toHaveLength(2);
  });

  it('counts a model once, whichever name and endpoint are used for it', async () => {
    const yaml = `default_model: m\n${modelYaml({ requests_per_minute: 3 })}`;
    const { chat, post } = await startRig({ yaml, flags: { defaultBackend: 'u' } });
    expect([await chat({ model: 'u:m' }), await chat({ model: 'm' })].map(statusOf)).toEqual([200, 200]);
    expect((await post('/v1/embeddings', { model: 'u:', input: 'a' })).status).toBe(200);
    for (const model of ['u:m', 'm', 'u:', '']) expect((await chat({ model })).status).toBe(429);
    expect((await chat({ model: 'u:other' })).status).toBe(200);
  });

  it('counts the retries inside the gateway as one call', async () => {
    const { chat, backend } = await startRig({
      script: [{ status: 500 }, { status: 500 }, {}],
      yaml: `retry_delay: 0\n${modelYaml({ requests_per_minute: 2 })}`,
    });
    const answer = await chat();
    expect([answer.status, answer.headers['x-headrace-attempts']]).toEqual([200, '3']);
    expect(answer.headers['x-ratelimit-remaining-requests']).toBe('1');
    expect([await chat(), await chat()].map(statusOf)).toEqual([200, 429]);
    expect(backend.posts()).toHaveLength(4);
  });

  it('gives the place of a call back that never reached the backend', async () => {
    const yaml = `max_retries: 0\n${modelYaml({ requests_per_minute: 1 })}`;
    const gateway = await startTestGateway({
      files: {
        'backends/dead/backend.yaml': customYaml('http://127.0.0.1:9/v1', yaml),
        'backends/keyless/backend.yaml': customYaml('http://127.0.0.1:9/v1', `api_key_env_var: NO_KEY\n${yaml}`),
      },
    });
    for (const [model, code] of [
      ['dead:m', 'upstream_unreachable'],
      ['keyless:m', 'backend_unavailable'],
    ]) {
      for (let call = 0; call < 3; call++) {
        const answer = await postTo(`${gateway.url}/v1/chat/completions`, { ...hello, model });
        expect(failure(answer).error.code).toBe(code);
      }
    }
  });

  it('keeps the place of a call that failed at the backend', async () => {
    const { chat } = await startRig({ script: [{ status: 400 }], yaml: modelYaml({ requests_per_minute: 1 }) });
    expect([await chat(), await chat()].map(statusOf)).toEqual([400, 429]);
  });

  it('comes after all that is wrong with the call itself, which takes no place', async () => {
    const limits = { requests_per_minute: 1, max_input_tokens: 50, max_output_tokens: 20 };
    const { chat } = await startRig({ yaml: modelYaml(limits) });
    const tooLong = { messages: [{ role: 'user', content: 'word '.repeat(100) }] };
    const wrong = [tooLong, { max_tokens: 21 }, { max_tokens: 'x' }, { messages: undefined }, { stream: 'yes' }];
    for (const fields of wrong) expect((await chat(fields)).status).toBe(400);
    expect((await chat()).status).toBe(200);
    for (const fields of wrong) expect((await chat(fields)).status).toBe(400);
    expect((await chat()).status).toBe(429);
  });
});

describe('the x-ratelimit headers', () => {
  it('are on answers, streams and errors, for the rates that there are', async () => {
    const script = [{}, {}, { status: 400 }, { status: 500 }];
    const yaml = `max_retries: 0\n${modelYaml({ requests_per_minute: 4 })}`;
    const { chat } = await startRig({ script, yaml });
    const answers = [await chat(), await chat({ stream: true }), await chat(), await chat(), await chat()];
    expect(answers.map(statusOf)).toEqual([200, 200, 400, 502, 429]);
    expect(answers.map(({ headers }) => headers['x-ratelimit-remaining-requests'])).toEqual(['3', '2', '1', '0', '0']);
    for (const { headers } of answers) {
      expect(headers['x-ratelimit-limit-requests']).toBe('4');
      expect(headers['x-ratelimit-reset-requests']).toMatch(/^(1m0s|59s)$/);
      expect(Object.keys(headers).filter((name) => /^x-ratelimit.*tokens$/.test(name))).toEqual([]);
    }
  });

  it('write what is left of the minute as milliseconds, seconds or minutes and seconds', async () => {
    const { chat } = await startRig({ yaml: modelYaml({ requests_per_minute: 1 }) });
    const resetOf = async () => (await chat()).headers['x-ratelimit-reset-requests'];
    expect(await resetOf()).toBe('1m0s');
    forwardClock(48_000);
    expect(await resetOf()).toMatch(/^1[012]s$/);
    forwardClock(11_300);
    const last = await chat();
    expect(last.headers['x-ratelimit-reset-requests']).toMatch(/^[1-9][0-9]{0,2}ms$/);
    expect(last.headers['retry-after']).toBe('1');
  });

  it('are not there for a model without rates', async () => {
    const { chat } = await startRig({ yaml: modelYaml({ max_input_tokens: 1000 }) });
    expect(Object.keys((await chat()).headers).join()).not.toContain('x-ratelimit');
  });
});
