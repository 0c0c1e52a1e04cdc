import { threadWhy } from '../../machines/protocol/methods/thread-why.ts';
import type { ThreadSnapshot } from '../../machines/protocol/types/thread.ts';
import type { DaemonLink } from '../connection/link.ts';
import { CliError } from './cli-error.ts';

export const GOALS = ['idle', 'approval', 'done'] as const;
export type Goal = (typeof GOALS)[number];

/** How a wait ended. */
export interface Waited {
  readonly end: 'reached' | 'turnFailed' | 'cannotCome' | 'timedOut';
  readonly snapshot: ThreadSnapshot;
}

/**
 * Follows a thread until it is as wanted, or cannot be any more. @param timeoutMs null waits for as long as it takes
 * @throws RpcError threadNotFound; CliError when the daemon is gone for good
 */
export async function waitForThread(
  link: DaemonLink,
  threadId: string,
  goal: Goal,
  timeoutMs: number | null,
): Promise<Waited> {
  let wake: () => void = () => {};
  let isOver = false;
  const timer = timeoutMs === null ? undefined : setTimeout(() => end(), timeoutMs);
  const end = (): void => {
    isOver = true;
    wake();
  };
  const stopListening = link.onState(() => wake());
  const followed = await link.follow(threadId, { role: 'observer', onUpdate: () => wake() });
  try {
    for (;;) {
      const changed = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const snapshot = followed.current;
      const found = await look(link, threadId, goal, snapshot);
      if (found) return { end: found, snapshot: followed.current };
      if (link.state.kind === 'closed') throw new CliError(`the daemon is gone: ${link.state.why}`);
      if (isOver) return { end: 'timedOut', snapshot };
      await changed;
    }
  } finally {
    clearTimeout(timer);
    stopListening();
    await followed.stop().catch(() => {});
  }
}

async function look(
  link: DaemonLink,
  threadId: string,
  goal: Goal,
  { approvals, thread, queue }: ThreadSnapshot,
): Promise<Waited['end'] | null> {
  if (goal === 'approval' && approvals.length > 0) return 'reached';
  if (thread.status.type === 'active' || queue.some(({ waitsFor }) => waitsFor === null)) return null;
  // A prompt that was taken a moment ago is shown only once its turn is set up.
  if ((await link.request(threadWhy, { threadId })).isRunning) return null;
  if (goal === 'approval') return 'cannotCome';
  const last = thread.turns.at(-1);
  return goal === 'done' && last && last.status !== 'completed' ? 'turnFailed' : 'reached';
}
