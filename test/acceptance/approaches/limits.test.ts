import { describe, expect, it } from 'vitest';
import type { MockReply } from '../../fake-backend/fake-backend.ts';
import { startCallersRig } from '../limits/callers.ts';

const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };

interface Waiting {
  readonly script: () => Promise<MockReply>;
  go(): void;
}

/** A backend that answers nothing until it may. */
function waiting(): Waiting {
  let go: () => void = () => undefined;
  const ready = new Promise<void>((resolve) => {
    go = resolve;
  });
  const script = async ({ json }: { json?: { n?: number } } = {}): Promise<MockReply> => {
    await ready;
    return { content: Array.from({ length: json?.n ?? 1 }, () => 'The answer is 5.'), usage };
  };
  return { script, go };
}

function rig(route: object, limit: number, script: () => MockReply | Promise<MockReply>) {
  const keys = { alice: { limits: { tokens_per_minute: limit } } };
  return startCallersRig(keys, { routes: { r: { model: 'u:dear', ...route } } }, script as never);
}

describe('limits of a caller', () => {
  it('hold for all samples of one call, before any of them is there', async () => {
    const { script, go } = waiting();
    const { chat, backend } = await rig({ approach: 'self_consistency' }, 1000, script);
    const first = chat('alice', { model: 'r', max_tokens: 150 });
    await expect.poll(() => backend.posts().length).toBe(1);
    const second = await chat('alice', { model: 'r', max_tokens: 150 });
    expect(second.status).toBe(429);
    go();
    expect((await first).status).toBe(200);
    expect((await chat('alice', { model: 'r', max_tokens: 150 })).status).toBe(200);
  });

  it.each([
    ['memory', 1],
    ['longcepo', 1],
  ])('take a short question of %s for the one call that it is', async (approach, calls) => {
    const { script, go } = waiting();
    const { chat, backend } = await rig({ approach }, 600, script);
    const several = [1, 2, 3].map(() => chat('alice', { model: 'r', max_tokens: 50 }));
    await expect.poll(() => backend.posts().length).toBe(3 * calls);
    go();
    expect((await Promise.all(several)).map(({ status }) => status)).toEqual([200, 200, 200]);
  });

  it('take a long text for its pieces, each of which is read once', async () => {
    const { script, go } = waiting();
    const text = `${'A line of the text that is asked about.\n'.repeat(300)}\n\nWhat is it about?`; // about 3,000 tokens
    const route = { approach: 'memory', parameters: { chunk_tokens: 1000 } };
    const { chat, backend } = await rig(route, 20_000, script);
    const first = chat('alice', { model: 'r', max_tokens: 50, messages: [{ role: 'user', content: text }] });
    await expect.poll(() => backend.posts().length).toBeGreaterThan(2);
    const calls = backend.posts().length;
    const second = chat('alice', { model: 'r', max_tokens: 50 });
    await expect.poll(() => backend.posts().length).toBe(calls + 1);
    go();
    expect([(await first).status, (await second).status]).toEqual([200, 200]);
  });
});
