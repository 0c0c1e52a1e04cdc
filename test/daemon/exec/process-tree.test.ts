import { expect, test } from 'vitest';
import { familyOf, type ProcessEntry, parseStat, startTimeOf } from '../../../daemon/exec/process-tree.ts';

const TAIL = '5 6 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 9876 1000 20';

test('reads a stat line whose name holds spaces and parentheses', () => {
  expect(parseStat(`42 (a) b (c) S ${TAIL}`, 'boot')).toEqual({
    pid: 42,
    parent: 5,
    group: 6,
    session: 7,
    startTime: '9876@boot',
  });
});

test('a zombie is no process', () => {
  expect(parseStat(`42 (sh) Z ${TAIL}`, 'boot')).toBeNull();
});

test('a family is a group, a session and all descendants', () => {
  const entry = (pid: number, parent: number, group: number, session: number): ProcessEntry => {
    return { pid, parent, group, session, startTime: '' };
  };
  const all = [
    entry(31, 30, 31, 31), // left the session, but its parent belongs
    entry(10, 1, 10, 10),
    entry(11, 10, 10, 10),
    entry(20, 1, 20, 10), // a job of an interactive shell
    entry(30, 11, 30, 30),
    entry(99, 1, 99, 99),
  ];
  expect(
    familyOf(10, all)
      .map(({ pid }) => pid)
      .sort(),
  ).toEqual([10, 11, 20, 30, 31]);
});

test('knows when a process started, and that there is none', () => {
  expect(startTimeOf(process.pid)).toBe(startTimeOf(process.pid));
  expect(startTimeOf(process.pid)).not.toBeNull();
  expect(startTimeOf(2 ** 30)).toBeNull();
});
