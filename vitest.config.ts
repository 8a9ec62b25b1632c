import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'scripts/**/*.test.ts', 'eval/**/*.test.ts'],
    environment: 'node',
    pool: 'forks',
    maxWorkers: 3, // most of the time is spent waiting, for sockets and for clocks
    // Only so that what hangs ends: nothing is tested by its time.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Hundreds of processes and real servers share what machine there is: one that fails there twice has failed. The
    // report says which needed it; at a desk none is tried again.
    retry: process.env.CI === 'true' ? 1 : 0,
    expect: { poll: { timeout: 20_000 } },
  },
});
