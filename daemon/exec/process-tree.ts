import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import type { Clock } from '../deps.ts';

/** A process as the kernel describes it. */
export interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  /** Tells this process from a later one with the same number. */
  readonly startTime: string;
}

/** How long a process may take to end after it was asked to, before it is killed. */
export const KILL_GRACE_MS = 2_000;
const PS_LIMIT_MS = 2_000;

/**
 * When a process started, as a text to compare; null when there is no such process.
 * On Linux it names the boot too: a number and a start tick can come back after a reboot.
 */
export function startTimeOf(pid: number): string | null {
  if (process.platform === 'linux') return readEntry(pid)?.startTime ?? null;
  try {
    const started = execFileSync('/bin/ps', ['-o', 'lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      timeout: PS_LIMIT_MS,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return started.trim() || null;
  } catch {
    return null; // ps answers with exit code 1 when there is no such process.
  }
}

let bootId: string | null = null;

function currentBoot(): string {
  bootId ??= (readOrNull('/proc/sys/kernel/random/boot_id') ?? '').trim();
  return bootId;
}

function readEntry(pid: number): ProcessEntry | null {
  const stat = readOrNull(`/proc/${pid}/stat`);
  return stat === null ? null : parseStat(stat, currentBoot());
}

/** Reads a line of /proc/PID/stat; null for a zombie, which is a process no more. */
export function parseStat(stat: string, boot: string): ProcessEntry | null {
  // The name may hold spaces and parentheses: the fields begin after the last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z' || fields[0] === 'X') return null;
  const [parent, group, session] = fields.slice(1, 4).map(Number);
  if (parent === undefined || group === undefined || session === undefined) return null;
  return { pid: Number.parseInt(stat, 10), parent, group, session, startTime: `${fields[19]}@${boot}` };
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null; // The process is gone.
  }
}

/** All processes; empty where there is no /proc. */
export function listProcesses(): readonly ProcessEntry[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc').flatMap((name) => {
    const entry = /^\d+$/.test(name) ? readEntry(Number(name)) : null;
    return entry === null ? [] : [entry];
  });
}

/**
 * A leader, all in its group or session, and all their descendants with the groups and sessions that those lead
 * (an interactive shell gives each job a group of its own).
 */
export function familyOf(leader: number, all: readonly ProcessEntry[]): readonly ProcessEntry[] {
  const family = new Map<number, ProcessEntry>();
  const belongs = (pid: number) => pid === leader || family.has(pid);
  let known = -1;
  while (known !== family.size) {
    known = family.size;
    for (const entry of all) {
      if ([entry.pid, entry.parent, entry.group, entry.session].some(belongs)) family.set(entry.pid, entry);
    }
  }
  return [...family.values()];
}

/** Looks at most: each look finds what was started since the one before, and then stands still. */
const MAX_LOOKS = 20;

/**
 * Stops a family in its place and answers all of it. Without this, a process born between the look and the signal
 * would be missed, and could not be found any more once its parent is gone.
 */
function frozenFamily(leader: number): readonly ProcessEntry[] {
  let family: readonly ProcessEntry[] = [];
  for (let look = 0; look < MAX_LOOKS; look += 1) {
    const now = familyOf(leader, listProcesses());
    const fresh = now.filter(({ pid }) => !family.some((entry) => entry.pid === pid));
    if (fresh.length === 0) break;
    for (const { pid } of fresh) send(pid, 'SIGSTOP');
    family = now;
  }
  return family;
}

/** Sends a signal to the group of `leader` and to the processes given; those that are gone are no error. */
export function signalFamily(leader: number, family: readonly ProcessEntry[], signal: NodeJS.Signals): void {
  send(-leader, signal);
  for (const { pid, startTime } of family) if (startTimeOf(pid) === startTime) send(pid, signal);
}

function send(target: number, signal: NodeJS.Signals): void {
  try {
    process.kill(target, signal);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    // EPERM: the child changed its user (sudo); it is not ours to end.
    if (code !== 'ESRCH' && code !== 'EPERM') throw error;
  }
}

/** Ends a family: SIGTERM now, SIGKILL after the grace for what is left of it. */
export function endFamily(leader: number, clock: Clock, graceMs = KILL_GRACE_MS): void {
  const family = frozenFamily(leader);
  signalFamily(leader, family, 'SIGTERM');
  signalFamily(leader, family, 'SIGCONT');
  if (family.length > 0 || process.platform !== 'linux') {
    clock.setTimeout(() => finishFamily(leader, family), graceMs);
  }
}

/** Kills a family at once. The caller knows that `leader` is still the process it means. */
export function killFamily(leader: number): void {
  signalFamily(leader, frozenFamily(leader), 'SIGKILL');
}

/** Kills what is left of an earlier family, and what it has started since. */
function finishFamily(leader: number, earlier: readonly ProcessEntry[]): void {
  const left = earlier.filter(({ pid, startTime }) => startTimeOf(pid) === startTime);
  const leaderNow = startTimeOf(leader);
  const isOurs = leaderNow === null || left.some(({ pid }) => pid === leader);
  // With nobody left, or a stranger under the leader's number, the group is not ours to signal.
  if (process.platform !== 'linux') send(-leader, 'SIGKILL');
  else if (isOurs && left.length > 0) signalFamily(leader, [...left, ...frozenFamily(leader)], 'SIGKILL');
  else for (const { pid } of left) send(pid, 'SIGKILL');
}
