import { describe, expect, it } from 'vitest';
import { failure, startRig } from './rig.ts';

const yaml = 'max_retries: 3\nretry_delay: 0';

function says(message: string) {
  return { json: { error: { message, type: 'server_error', param: null, code: null } } };
}

describe('the error when retries are used up', () => {
  it('has the status and the message of the backend’s last 5xx', async () => {
    const script = [
      { status: 500, ...says('the first') },
      { status: 500, ...says('the second') },
      { status: 500, ...says('the third') },
      { status: 529, ...says('the fourth, at last') },
    ];
    const { chat, backend } = await startRig({ script, yaml });
    const answer = await chat();
    const { status, error } = failure(answer);
    expect([status, error.code, error.type]).toEqual([502, 'upstream_error', 'upstream_error']);
    expect(error.message).toContain('529');
    expect(error.message).toContain('the fourth, at last');
    expect(backend.posts()).toHaveLength(4);
    expect(answer.headers['x-headrace-attempts']).toBe('4');
    expect(answer.headers['x-should-retry']).toBe('false');
  });

  it('is the same JSON where a stream was asked for', async () => {
    const { chat } = await startRig({ script: [{ status: 500, ...says('no') }], yaml });
    const answer = await chat({ stream: true });
    expect(failure(answer)).toMatchObject({ status: 502, error: { code: 'upstream_error' } });
    expect(answer.headers['content-type']).toContain('application/json');
  });

  it('leaves it to the client to retry where we did not', async () => {
    const { chat } = await startRig({ script: [{ status: 500 }], yaml: 'max_retries: 0' });
    const answer = await chat();
    expect([answer.status, answer.headers['x-headrace-attempts']]).toEqual([502, '1']);
    expect(answer.headers).not.toHaveProperty('x-should-retry');
  });

  it('is a 429 with the backend’s retry-after', async () => {
    const script = [
      { status: 429, headers: { 'retry-after-ms': '1' } },
      { status: 429, retry_after: 45, ...says('slow down') },
    ];
    const { chat, backend } = await startRig({ script, yaml: 'max_retries: 1\nretry_delay: 0' });
    const answer = await chat();
    const { status, error } = failure(answer);
    expect([status, error.code, error.type]).toEqual([429, 'rate_limit_exceeded', 'rate_limit_error']);
    expect(error.message).toContain('slow down');
    expect([answer.headers['retry-after'], answer.headers['x-should-retry']]).toEqual(['45', 'false']);
    expect(backend.posts()).toHaveLength(2);
  });

  it.each([
    ['0.01', 'max_retries: 0\nretry_delay: 0.01', 1, 1],
    ['10', 'max_retries: 0\nretry_delay: 10', 8, 13],
    ['60', 'max_retries: 0\nretry_delay: 60', 30, 30],
  ])(
    'is a 429 with the next wait of our own where the backend gives none (retry_delay %s)',
    async (_delay, own, least, most) => {
      const { chat } = await startRig({ script: [{ status: 429 }], yaml: own });
      const answer = await chat();
      expect(answer.status).toBe(429);
      const seconds = answer.headers['retry-after'] ?? '';
      expect(seconds).toMatch(/^[1-9][0-9]*$/);
      expect(Number(seconds)).toBeGreaterThanOrEqual(least);
      expect(Number(seconds)).toBeLessThanOrEqual(most);
    },
  );

  it('is 502 upstream_unreachable without a connection, 504 upstream_timeout without an answer', async () => {
    const cut = await startRig({ script: [{ reset: true }], yaml });
    expect(failure(await cut.chat())).toMatchObject({ status: 502, error: { code: 'upstream_unreachable' } });
    const hanging = await startRig({ script: [{ hang: true }], yaml: 'timeout: 0.1\nmax_retries: 1\nretry_delay: 0' });
    const answer = await hanging.chat();
    expect(failure(answer)).toMatchObject({ status: 504, error: { code: 'upstream_timeout' } });
    expect([answer.headers['x-headrace-attempts'], answer.headers['x-should-retry']]).toEqual(['2', 'false']);
  });

  it('counts no attempts where nothing was sent', async () => {
    const { chat } = await startRig({ flags: { forceContextWindow: '1' } });
    const answer = await chat();
    expect(answer.status).toBe(400);
    expect(answer.headers).not.toHaveProperty('x-headrace-attempts');
  });
});
