import { homedir } from 'node:os';
import type { Presence, Thread } from '../../machines/protocol/types/thread.ts';
import { sanitizeRow } from '../tui/view/sanitize.ts';
import type { ThreadPage } from './find-thread.ts';
import { tableText } from './table.ts';

const SHORT_ID = 13;
const MAX_FOLDER = 32;

/** What a thread is doing, in one word. */
export type ThreadState = 'works' | 'waits' | 'idle' | 'failed' | 'stored';

/** `waits` means that a question is open. */
export function threadState({ status }: Thread): ThreadState {
  switch (status.type) {
    case 'active':
      return status.activeFlags.length > 0 ? 'waits' : 'works';
    case 'idle':
      return 'idle';
    case 'systemError':
      return 'failed';
    case 'notLoaded':
      return 'stored';
    default:
      return status satisfies never;
  }
}

export interface TableOptions {
  readonly nowMs: number;
  /** Threads of this folder come first. */
  readonly cwd: string;
  /** Width to fit into. */
  readonly columns: number;
  /** Puts a number to choose by before each line. */
  readonly isNumbered?: boolean;
}

/** A table of threads, one line each, without a line break at the end. */
export function threadsTable({ data, presence }: ThreadPage, options: TableOptions): string {
  const head = ['ID', 'STATE', 'AGE', 'TERMINALS', 'FOLDER', 'TITLE'];
  const rows = data.map((thread) => [
    thread.id.slice(0, SHORT_ID),
    threadState(thread),
    ageOf(thread.updatedAt, options.nowMs),
    terminalsOf(presence[thread.id] ?? []),
    folderOf(thread.cwd),
    sanitizeRow(thread.name ?? thread.preview).trim(),
  ]);
  const numbered = [head, ...rows].map((row, index) =>
    options.isNumbered ? [index === 0 ? '#' : `${index}`, ...row] : row,
  );
  return tableText(numbered, options.columns);
}

/** This folder's threads first, each part in its given order. */
export function hereFirst(threads: readonly Thread[], cwd: string): Thread[] {
  return [...threads.filter((thread) => thread.cwd === cwd), ...threads.filter((thread) => thread.cwd !== cwd)];
}

const terminalsOf = (attached: readonly Presence[]): string =>
  attached.map(({ terminal, name }) => terminal?.replace('/dev/', '') ?? name).join(',') || '-';

function folderOf(path: string): string {
  const home = homedir();
  const short = path === home || path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path;
  return short.length > MAX_FOLDER ? `…${short.slice(1 - MAX_FOLDER)}` : short;
}

/** Whole units, the largest that fits: `12s`, `5m`, `3h`, `9d`. */
export function ageOf(updatedAtSeconds: number, nowMs: number): string {
  const seconds = Math.max(0, Math.floor(nowMs / 1000 - updatedAtSeconds));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}
