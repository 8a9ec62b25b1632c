import { describe, expect, it } from 'vitest';
import { rated, startApproach } from './rig.ts';

const self = { approach: 'self_consistency', parameters: { samples: 3 } };
const single = () => rated(['4', '4', '5'], [], { several: 'ignored' });
const refusing = () => rated(['4', '4', '5'], [], { several: 'refused' });

describe('that a model gives one choice at a time', () => {
  it.each([
    ['fewer come back (B5)', single],
    ['it refuses several (B6)', refusing],
  ])('is remembered for that model, whatever it is called, where %s', async (_when, script) => {
    const { chat, backend } = await startApproach(self, {
      backends: { u: script() },
      yaml: { all: 'max_retries: 0\nmodels: {m: {}}\n' },
      settings: { routes: { r: { model: 'u:m', ...self }, other: { model: ['u:m'], ...self } } },
    });
    await chat();
    const first = backend('u').posts();
    expect(first.filter(({ json }) => json.n === 3)).toHaveLength(1);
    for (const model of ['r', 'other', 'self_consistency-m', 'self_consistency-u:m']) {
      expect((await chat({ model, headrace_approach: 'self_consistency' })).status).toBe(200);
    }
    const later = backend('u').posts().slice(first.length);
    expect(later).toHaveLength(2 * 3 + 2 * 5);
    for (const { json } of later) expect(json).not.toHaveProperty('n');
  });

  it('is not held against another model', async () => {
    const { chat, backend } = await startApproach(self, { backends: { u: single() } });
    await chat();
    await chat({ model: 'u:other', headrace_approach: { name: 'self_consistency', parameters: { samples: 3 } } });
    const asked = backend('u')
      .posts()
      .filter(({ json }) => json.n === 3);
    expect(asked.map(({ json }) => json.model)).toEqual(['m', 'other']);
  });

  it('is not held against another backend of the same route', async () => {
    const route = { model: ['u:m', 'v:m'], ...self };
    let isDown = false;
    const u = single();
    const { chat, backend } = await startApproach(route, {
      backends: {
        u: (request, turn) => (isDown ? { status: 500 } : u(request, turn)),
        v: rated(['4', '4', '5'], []),
      },
    });
    await chat();
    isDown = true;
    for (let turn = 0; turn < 2; turn++) await chat();
    // The calls that it expected to go to the first backend came one by one; then it knows better.
    expect(
      backend('v')
        .posts()
        .map(({ json }) => json.n),
    ).toEqual([undefined, undefined, undefined, 3]);
  });
});
