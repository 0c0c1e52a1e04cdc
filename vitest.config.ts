import { defineConfig } from 'vitest/config';

/** Where `.ci/run` wants to read what was run; a person only wants to see it. */
const report = process.env.TEST_REPORT;

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/bench/**', 'test/fixtures/**', 'node_modules/**', 'dist/**'],
    testTimeout: 200_000,
    hookTimeout: 200_000,
    pool: 'forks',
    // Half of what a test does is waiting for its daemon, so that no core is kept free.
    maxWorkers: '100%',
    reporters: report ? ['default', ['json', { outputFile: report }]] : ['default'],
  },
});
