import { RpcError } from '../../machines/core/errors.ts';
import { isUuid } from '../../machines/core/ids.ts';
import type { ResultOf } from '../../machines/protocol/define.ts';
import { threadList } from '../../machines/protocol/methods/thread.ts';
import { ALL_SOURCE_KINDS } from '../../machines/protocol/methods/thread-search.ts';
import type { Thread } from '../../machines/protocol/types/thread.ts';
import type { DaemonLink } from '../connection/link.ts';
import { CliError, errorLine } from './cli-error.ts';
import { distanceOf } from './distance.ts';
import { exitCodes } from './exit-codes.ts';

/** The daemon's largest page (thread/list). */
const PAGE = 200;
const MAX_SUGGESTIONS = 3;
/** More empty threads than this are not open at once. */
const MAX_OPEN = 20;

/** Stored threads, newest first, and who is attached to them. */
export type ThreadPage = Pick<ResultOf<typeof threadList>, 'data' | 'presence'>;

export interface ThreadFilter {
  readonly cwd?: string | undefined;
  readonly archived?: boolean;
  readonly searchTerm?: string | undefined;
}

/** @param limit at most this many; pages are read until then */
export async function listThreads(
  link: DaemonLink,
  limit: number,
  { cwd, archived = false, searchTerm }: ThreadFilter = {},
): Promise<ThreadPage> {
  const data: Thread[] = [];
  const presence: Record<string, ThreadPage['presence'][string]> = {};
  let cursor: string | null = null;
  do {
    const wanted = Math.min(PAGE, limit - data.length);
    const page: ResultOf<typeof threadList> = await link.request(threadList, {
      limit: wanted,
      sourceKinds: [...ALL_SOURCE_KINDS],
      ...(cursor === null ? {} : { cursor }),
      ...(cwd === undefined ? {} : { cwd }),
      ...(searchTerm === undefined ? {} : { searchTerm }),
      ...(archived ? { archived } : {}),
    });
    data.push(...page.data);
    Object.assign(presence, page.presence);
    cursor = page.nextCursor ?? null;
  } while (cursor !== null && data.length < limit);
  return { data, presence };
}

/**
 * The full id of a thread given as id, unique beginning of an id, or name.
 * @throws CliError naming the nearest threads
 */
export async function resolveThreadId(link: DaemonLink, given: string, filter: ThreadFilter = {}): Promise<string> {
  if (isUuid(given)) return given;
  const { data } = await listThreads(link, Number.POSITIVE_INFINITY, filter);
  return findThread(data, given).id;
}

/** The newest thread that somebody has open or that was used, of one folder if given, or null. */
export async function newestThread(link: DaemonLink, cwd?: string): Promise<Thread | null> {
  const { data } = await listThreads(link, 1, { cwd });
  return data[0] ?? null;
}

/** As `newestThread`, without those that are open in a terminal and still empty: there is nothing to go on with. */
export async function newestUsedThread(link: DaemonLink, cwd?: string): Promise<Thread | null> {
  const { data, presence } = await listThreads(link, MAX_OPEN, { cwd });
  return data.find(({ id, preview, name }) => preview !== '' || name !== null || !presence[id]) ?? null;
}

/** @throws CliError when no thread or more than one fits */
export function findThread(threads: readonly Thread[], given: string): Thread {
  const named = threads.filter(({ name }) => name === given);
  const fitting = named.length > 0 ? named : threads.filter(({ id }) => id.startsWith(given.toLowerCase()));
  const [first] = fitting;
  if (first && fitting.length === 1) return first;
  if (first) throw new UnknownThread(`\`${given}\` means ${fitting.length} threads: ${suggestions(fitting)}`);
  throw new UnknownThread(`no rollout found for thread id ${given}${didYouMean(threads, given)}`);
}

/** For commands whose exit status tells an unknown thread from other failures: passes on any other error. */
export function asNotFound(error: unknown): never {
  const isUnknown = error instanceof RpcError && error.errorName === 'threadNotFound';
  if (isUnknown || error instanceof UnknownThread) throw new CliError(errorLine(error), exitCodes.notFound);
  throw error;
}

/** No thread, or more than one, is called so. */
class UnknownThread extends CliError {}

/** `; did you mean …`, or where to look when nothing is near. */
export function didYouMean(threads: readonly Thread[], given: string): string {
  const near = threads
    .map((thread) => ({ thread, distance: Math.min(...wordsOf(thread).map((word) => distanceOf(word, given))) }))
    .filter(({ distance }) => distance <= Math.max(2, given.length / 2))
    .sort((left, right) => left.distance - right.distance)
    .map(({ thread }) => thread);
  return near.length > 0 ? `; did you mean ${suggestions(near)}?` : '; `codex threads` lists them';
}

function suggestions(threads: readonly Thread[]): string {
  const shown = threads.slice(0, MAX_SUGGESTIONS).map(({ id, name, preview }) => `${id} (${cut(name ?? preview)})`);
  return shown.join(', ') + (threads.length > MAX_SUGGESTIONS ? ', …' : '');
}

const cut = (text: string): string => {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > 40 ? `${line.slice(0, 39)}…` : line;
};

const wordsOf = ({ id, name }: Thread): string[] => (name === null ? [id] : [id, name]);
