import { onTestFailed } from 'vitest';

/** Numbers from 0 up to 1 that look random and are the same for the same seed. */
export type Random = () => number;

/** @param seed a 32-bit number */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    // A linear congruential step, then its high bits mixed: good enough to choose cases, and short.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const mixed = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d);
    return ((mixed ^ (mixed >>> 12)) >>> 0) / 2 ** 32;
  };
}

/** A seed for this run, or the one in `CODEX_TEST_SEED`; it is printed when the test fails. */
export function seedOfRun(): number {
  const seed = Number(process.env.CODEX_TEST_SEED ?? Math.floor(Math.random() * 2 ** 32));
  onTestFailed(() => {
    process.stderr.write(`\nto run this again: CODEX_TEST_SEED=${seed}\n`);
  });
  return seed;
}

/** A whole number from `min` to `max`, small ones more often: each power of two is as likely as the next. */
export function skewed(random: Random, min: number, max: number): number {
  return Math.min(max, Math.floor(min * ((max + 1) / min) ** random()));
}
