import { afterEach } from 'vitest';

/** Run after each test of the file that imports this, the last one first. */
export const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});
