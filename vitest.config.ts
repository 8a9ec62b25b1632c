import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'scripts/**/*.test.ts', 'eval/**/*.test.ts'],
    environment: 'node',
    pool: 'forks',
    maxWorkers: 3, // most of the time is spent waiting, for sockets and for clocks
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
