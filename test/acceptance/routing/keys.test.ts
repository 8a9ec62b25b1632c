import { describe, expect, it } from 'vitest';
import type { RecordedRequest } from '../../fake-backend/fake-backend.ts';
import { startRouting, textOf } from './rig.ts';

const env = { KEY_A: 'sk-first-of-the-pool-aaaa', KEY_B: 'sk-second-of-the-pool-bbbb' };
const yaml = { all: 'api_key_env_vars: [KEY_A, KEY_B]\nmax_retries: 0\n' };
const settings = { routes: { r: { model: 'u:m' } } };

function keyOf(request: RecordedRequest): string {
  return String(request.headers.authorization).replace('Bearer ', '');
}

describe('a backend with several keys', () => {
  it('uses them all, and one for all turns of a conversation', async () => {
    const used = new Map<string, Set<string>>();
    const { chat, backend } = await startRouting({ backends: { u: {} }, yaml, settings, env });
    for (let talk = 0; talk < 20; talk++) {
      for (let turn = 0; turn < 3; turn++) {
        await chat({
          messages: [
            { role: 'user', content: `talk ${talk}` },
            ...Array(turn).fill({ role: 'assistant', content: 'x' }),
          ],
        });
      }
    }
    for (const request of backend('u').posts()) {
      const talk = (request.json as unknown as { messages: { content: string }[] }).messages[0]?.content ?? '';
      used.set(talk, (used.get(talk) ?? new Set()).add(keyOf(request)));
    }
    expect([...used.values()].map((keys) => keys.size)).toEqual(Array(20).fill(1));
    expect(new Set([...used.values()].flatMap((keys) => [...keys])).size).toBe(2);
  });

  it('goes on with another key after a 429 and after a 401', async () => {
    for (const reply of [{ status: 429, retry_after: 30 }, { status: 401 }]) {
      const { chat, calls } = await startRouting({
        backends: { u: (request) => (keyOf(request) === env.KEY_A ? reply : { content: 'by b' }) },
        yaml,
        settings,
        env,
      });
      for (let talk = 0; talk < 10; talk++) {
        const answer = await chat({ messages: [{ role: 'user', content: `talk ${talk}` }] });
        expect(textOf(answer)).toBe('by b');
      }
      expect(calls().u).toBe(11); // the bad key was asked once
    }
  });

  it('says which key was refused where all are', async () => {
    const { chat, calls } = await startRouting({ backends: { u: [{ status: 401 }] }, yaml, settings, env });
    const answer = await chat();
    const { error } = JSON.parse(answer.text);
    expect([answer.status, error.code]).toEqual([502, 'upstream_auth_failed']);
    expect(error.message).toMatch(/KEY_[AB].*(aaaa|bbbb)/);
    expect(calls().u).toBe(2);
  });

  it('paces a key before its limit refuses it', async () => {
    const remaining = new Map([
      [env.KEY_A, 3],
      [env.KEY_B, 100],
    ]);
    const { chat, backend } = await startRouting({
      backends: {
        u: (request) => {
          const key = keyOf(request);
          const left = (remaining.get(key) ?? 0) - 1;
          remaining.set(key, left);
          if (left < 0) return { status: 429, retry_after: 30 };
          return {
            headers: { 'x-ratelimit-remaining-requests': String(left), 'x-ratelimit-reset-requests': '30s' },
            content: 'ok',
          };
        },
      },
      yaml,
      settings,
      env,
    });
    for (let talk = 0; talk < 40; talk++) {
      expect((await chat({ messages: [{ role: 'user', content: `talk ${talk}` }] })).status).toBe(200);
    }
    expect(
      backend('u')
        .posts()
        .filter((request) => keyOf(request) === env.KEY_A),
    ).toHaveLength(3);
    expect(remaining.get(env.KEY_A)).toBe(0);
  });

  it('holds each key to limits of its own', async () => {
    const { chat, backend } = await startRouting({
      backends: { u: {} },
      yaml: {
        all: 'api_key_env_vars: [{name: KEY_A, requests_per_minute: 2}, {name: KEY_B, requests_per_minute: 3}]\nmax_retries: 0\n',
      },
      settings,
      env,
    });
    const statuses: number[] = [];
    for (let talk = 0; talk < 8; talk++) {
      statuses.push((await chat({ messages: [{ role: 'user', content: `talk ${talk}` }] })).status);
    }
    expect(statuses.filter((status) => status === 200)).toHaveLength(5);
    expect(statuses.filter((status) => status === 429)).toHaveLength(3);
    expect(backend('u').posts()).toHaveLength(5);
  });
});
