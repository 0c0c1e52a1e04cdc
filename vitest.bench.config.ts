import { defineConfig } from 'vitest/config';

/** One file at a time: a benchmark shares the machine with nobody. */
export default defineConfig({
  test: {
    include: ['test/bench/**/*.test.ts'],
    testTimeout: 120_000,
    pool: 'forks',
    fileParallelism: false,
    reporters: ['default'],
  },
});
