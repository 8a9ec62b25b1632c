import { describe, expect, it } from 'vitest';
import { always, startApproach } from './rig.ts';

const asked = {
  temperature: 0.42,
  max_tokens: 77,
  stop: ['END'],
  seed: 5,
  user: 'someone',
  top_p: 0.9,
  presence_penalty: 0.1,
  reasoning_effort: 'low',
  not_known: { kept: true },
};

describe('the fields of a request (B18)', () => {
  it('reach the answer calls; a helper call takes the user alone', async () => {
    const { chat, backend } = await startApproach(
      { approach: 'bon', parameters: { judge: 'judge:m' } },
      { backends: { u: always('x'), judge: always('5') } },
    );
    await chat(asked);
    expect(backend('u').posts()[0]?.json).toMatchObject({ ...asked, n: 3 });
    for (const { json } of backend('judge').posts()) {
      expect(Object.keys(json).toSorted()).toEqual(['messages', 'model', 'temperature', 'user']);
      expect(json).toMatchObject({ temperature: 0.1, user: 'someone' });
    }
  });

  it('hold for that request alone, and so do its parameters', async () => {
    const { chat, backend } = await startApproach({ approach: 'bon' }, { backends: { u: always('5') } });
    const parameters = { candidates: 2, temperature: 0.3 };
    await Promise.all([chat({ ...asked, headrace_approach: { name: 'bon', parameters } }), chat()]);
    await chat();
    const sampled = backend('u')
      .posts()
      .map(({ json }) => json)
      .filter(({ n }) => n !== undefined);
    const own = sampled.filter(({ n }) => n === 2);
    expect(own).toHaveLength(1);
    expect(own[0]).toMatchObject({ temperature: 0.3, seed: 5 });
    const others = sampled.filter(({ n }) => n === 3);
    expect(others).toHaveLength(2);
    for (const json of others) expect(json).toEqual({ model: 'm', messages: json.messages, n: 3, temperature: 1 });
  });
});
