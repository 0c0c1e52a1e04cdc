import { defineConfig } from 'vitest/config';

/** Apart from `npm test`: it needs the reference program, which is installed in this folder only. */
export default defineConfig({
  test: {
    include: ['test/reference/**/*.reference.ts'],
    globalSetup: 'test/reference/record-wire.ts',
    testTimeout: 120_000,
    hookTimeout: 60_000,
    pool: 'forks',
    fileParallelism: false,
    reporters: ['default'],
  },
});
