import { mkdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { ThreadNotification } from '../../machines/protocol/index.ts';
import type { ThreadItem } from '../../machines/protocol/types/item.ts';
import { cleanups } from './cleanups.ts';
import { startCli } from './cli-context.ts';
import {
  itemCompleted,
  makeSnapshot,
  makeThread,
  makeTurn,
  THREAD_ID,
  turnCompleted,
  turnStarted,
} from './client-thread.ts';
import { FakeDaemon, type FakeDaemonOptions, makeClientHome } from './fake-daemon.ts';
import { makeRepository } from './repository.ts';

export const message = (text: string): ThreadItem => ({ type: 'agentMessage', id: `m-${text}`, text });
const goodTurn = [turnStarted(), itemCompleted(message('Done.')), turnCompleted()];

export interface Scene {
  /** What the turn brings; sent right after the answer to turn/start. */
  readonly turn?: readonly ThreadNotification[];
  readonly answers?: FakeDaemonOptions['answers'];
  readonly isRepository?: boolean;
  readonly notices?: readonly string[];
}

/** What opening the scene's thread answers. */
export const openedThread = (notices: readonly string[] = []) => ({
  thread: makeThread(),
  model: 'gpt-fake',
  modelProvider: 'fake',
  cwd: '/repo',
  approvalPolicy: 'never',
  approvalsReviewer: 'user',
  sandbox: { type: 'readOnly', networkAccess: false },
  notices,
});

/** A fake daemon whose one thread runs a scripted turn, and a folder to work in. */
export async function makeScene({ turn = goodTurn, answers = {}, isRepository = true, notices = [] }: Scene = {}) {
  const { home, env, remove } = makeClientHome();
  const cwd = join(realpathSync(home.home), 'work');
  mkdirSync(join(cwd, 'src'), { recursive: true });
  if (isRepository) makeRepository(cwd);
  const open = () => {
    if (!fake.threads.has(THREAD_ID)) fake.addThread(makeSnapshot());
    return openedThread(notices);
  };
  const fake = new FakeDaemon(home, {
    answers: {
      'config/read': () => ({ config: {}, origins: {} }),
      'daemon/status': () => ({ pid: 42 }),
      'thread/start': open,
      'thread/resume': open,
      'turn/start': (_params, { afterReply }) => {
        afterReply(() => {
          for (const event of turn) fake.emit(THREAD_ID, event);
        });
        return { turn: makeTurn() };
      },
      'turn/interrupt': (_params, { afterReply }) => {
        afterReply(() => fake.emit(THREAD_ID, turnCompleted({ status: 'interrupted' })));
        return {};
      },
      ...answers,
    },
  });
  await fake.start();
  cleanups.push(remove, () => fake.stop());
  const paramsOf = (method: string) => fake.calls.filter((call) => call.method === method).map(({ params }) => params);
  /** Resolves when the method is called. */
  const called = (method: string) =>
    new Promise<void>((resolve) => {
      const look = () => (paramsOf(method).length > 0 ? resolve() : setImmediate(look));
      look();
    });
  return { fake, env, cwd, paramsOf, called, run: (...args: string[]) => startCli(args, { env, cwd }) };
}
