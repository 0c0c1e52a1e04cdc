import { describe, expect, test } from 'vitest';
import { compareVersions } from '../../../client/connection/compare-versions.ts';
import { backOffMs, isRepeatable } from '../../../client/connection/reconnect.ts';

test.each([
  ['0.1.0', '0.1.0', 0],
  ['0.10.0', '0.9.9', 1],
  ['1.0.0', '1.0.1', -1],
  ['0.1', '0.1.0', 0],
  ['0.1.0+abc', '0.1.0', 0],
  ['nonsense', '0.0.0', 0],
])('version %s against %s', (left, right, sign) => {
  expect(Math.sign(compareVersions(left, right))).toBe(sign);
});

describe('the pause between attempts', () => {
  test('is none at first, doubles, and never exceeds two seconds', () => {
    expect([1, 2, 3, 4, 5, 6, 7, 8, 99].map((attempt) => backOffMs(attempt, 0))).toEqual([
      0, 50, 100, 200, 400, 800, 1600, 2000, 2000,
    ]);
  });

  test('takes up to a quarter off', () => {
    expect(backOffMs(99, 1)).toBe(1500);
  });
});

test.each([
  ['thread/list', {}, true],
  ['thread/attach', { threadId: 'x' }, true],
  ['thread/start', {}, false],
  ['daemon/stop', {}, false],
  ['approval/respond', { approvalId: 'x' }, false],
  ['turn/start', { clientUserMessageId: 'mine' }, true],
  ['turn/start', {}, false],
  ['turn/steer', { clientUserMessageId: 'mine' }, true],
  ['turn/interrupt', { threadId: 'x' }, false],
  ['no/such', {}, false],
])('%s %j may be repeated: %s', (method, params, expected) => {
  expect(isRepeatable(method, params)).toBe(expected);
});
