import { expect, test } from 'vitest';
import { isFromHere } from '../../../client/tui/seat.ts';
import { otherClient, snapshotWith, thisClient, turnOf, userMessage } from '../../support/thread-fixtures.ts';
import { frameText, modelOf } from './model-fixtures.ts';

const seat = { pid: 123, terminal: '/dev/pts/3' };

test.each([
  { name: 'this program', from: {}, here: true },
  { name: 'this program over a later connection', from: { clientId: 'client-9' }, here: true },
  { name: 'an earlier program in this terminal', from: { pid: 7 }, here: true },
  { name: 'a program in another terminal', from: { terminal: '/dev/pts/4', pid: 456 }, here: false },
  { name: 'another program without a terminal', from: { terminal: null, pid: 456 }, here: false },
  { name: 'this program, whose terminal was not told', from: { terminal: null }, here: true },
])('$name: $here', ({ from, here }) => {
  expect(isFromHere(seat, { ...thisClient, ...from })).toBe(here);
});

test('without a terminal of its own only the program itself counts', () => {
  expect(isFromHere({ pid: 123, terminal: null }, thisClient)).toBe(true);
  expect(isFromHere({ pid: 5, terminal: null }, thisClient)).toBe(false);
});

test('a client of an earlier daemon is not taken for this one because its connection had the same id', () => {
  const sentBy = { ...otherClient, clientId: thisClient.clientId };
  const snapshot = snapshotWith([turnOf([userMessage('hello', { sentBy })])]);

  expect(frameText(modelOf({ snapshot }))).toContain('from codex-tui on /dev/pts/4 (pid 456)');
});
