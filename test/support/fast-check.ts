import fc from 'fast-check';

/**
 * fast-check for all tests. With `CODEX_TEST_SEED` set every property tries the same cases again, as `.ci/run` does for
 * one commit: a failure there can be repeated. Without it each run tries others.
 */
const seed = process.env.CODEX_TEST_SEED;
if (seed !== undefined) fc.configureGlobal({ seed: Number(seed) | 0 });

export default fc;
