import { expect, test } from 'vitest';
import { loadGood } from '../../test/goldens/config-folder.ts';

test('a key of the file has an owner, a team, tags, a tier, limits and an end', async () => {
  const yaml = [
    'tiers: {free: {requests_per_day: 5}}',
    'teams: {research: {}}',
    'keys:',
    '  - name: alice',
    '    key_env_var: ALICE',
    '    owner: alice@example.com',
    '    team: research',
    '    tags: [batch, night, batch]',
    '    tier: free',
    '    limits: {requests_per_minute: 7, budget: {day: 1.5}}',
    '    expires_at: 2027-01-31',
    '  - {name: bob, key_env_var: BOB, expires_at: "2027-01-31T12:00:00+02:00"}',
  ].join('\n');
  const env = { ALICE: 'key-of-alice-0123', BOB: 'key-of-bob-01234' };
  const { keys } = await loadGood({ 'config/headrace.yaml': yaml }, env);
  expect(keys).toMatchObject([
    {
      name: 'alice',
      owner: 'alice@example.com',
      team: 'research',
      tags: ['batch', 'night'],
      tier: 'free',
      limits: { requestsPerMinute: 7, budget: { day: 1_500_000_000 } },
      expiresAt: Date.UTC(2027, 0, 31),
      last4: '0123',
      source: 'config/headrace.yaml:4:5',
    },
    { name: 'bob', tags: [], team: undefined, limits: undefined, expiresAt: Date.UTC(2027, 0, 31, 10) },
  ]);
});
