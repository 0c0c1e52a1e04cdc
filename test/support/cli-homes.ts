import { fileURLToPath } from 'node:url';
import { cleanups } from './cleanups.ts';
import { type CliRun, startCli } from './cli-context.ts';
import { FakeDaemon, type FakeDaemonOptions, makeClientHome } from './fake-daemon.ts';

const TINY_DAEMON = fileURLToPath(new URL('./tiny-daemon.cjs', import.meta.url));

/** Runs commands against a fake daemon with these answers. */
export async function withFake(answers: NonNullable<FakeDaemonOptions['answers']>) {
  const { home, env, remove } = makeClientHome();
  const fake = await new FakeDaemon(home, { answers }).start();
  cleanups.push(remove, () => fake.stop());
  return {
    fake,
    start: (args: readonly string[], run: Partial<CliRun> = {}) => startCli(args, { env, ...run }),
    run: (args: readonly string[], stdin?: string) =>
      startCli(args, { env, ...(stdin === undefined ? {} : { stdin }) }).done,
  };
}

/** Runs commands in a home without a daemon; the tiny one can be started. */
export function withTiny(env: Record<string, string> = {}) {
  const { home, env: homeEnv, remove } = makeClientHome();
  const run = (...args: string[]) =>
    startCli(args, { env: { ...homeEnv, ...env }, daemonEntry: TINY_DAEMON, cwd: home.home }).done;
  cleanups.push(remove, () => run('daemon', 'stop'));
  return { home, run };
}
