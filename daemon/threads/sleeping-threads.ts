import type { ThreadSnapshot } from '../../machines/protocol/types/thread.ts';
import type { LogPlace } from '../store/rollout.ts';
import type { ClientPolicies } from './client-policies.ts';
import type { ThreadFeed } from './thread-feed.ts';
import type { ThreadJournal } from './thread-journal.ts';
import type { ThreadOverrides } from './thread-setup.ts';

/** What is kept of an idle thread that clients still follow: enough to go on where it stopped, without its turns. */
export interface SleepingThread {
  /** What its followers know, the turns left out: those are in the log. */
  readonly shell: ThreadSnapshot;
  /** Number of the last event that its followers were sent. */
  readonly seq: number;
  /** The log as it was left. */
  readonly log: LogPlace;
  readonly policies: ClientPolicies;
  readonly overrides: ThreadOverrides;
}

/** What a thread that was let go of leaves behind. */
export function toSleeping({
  feed,
  journal,
  policies,
  overrides,
}: Pick<SleepingThread, 'policies' | 'overrides'> & {
  readonly feed: ThreadFeed;
  readonly journal: ThreadJournal;
}): SleepingThread {
  const { snapshot, seq } = feed;
  const shell = { ...snapshot, thread: { ...snapshot.thread, turns: [] } };
  return { shell, seq, log: journal.rollout.place, policies, overrides };
}

/** The state of a thread that is loaded again: its turns from the log, everything else as its followers know it. */
export function toWoken({ shell }: SleepingThread, { thread: { turns } }: ThreadSnapshot): ThreadSnapshot {
  return { ...shell, thread: { ...shell.thread, turns } };
}

/** Whether nobody else wrote to the log meanwhile; else its followers need a snapshot. */
export function isAsLeft({ log }: SleepingThread, found: LogPlace): boolean {
  return log.inode === found.inode && log.size === found.size;
}
