import { describe, expect, test } from 'vitest';
import { findThread } from '../../../client/cli/find-thread.ts';
import { makeThread } from '../../support/client-thread.ts';

const threads = [
  makeThread({ id: '0199c2aa-0000-7000-8000-000000000001', name: 'release', preview: 'write the notes' }),
  makeThread({ id: '0199c2ab-0000-7000-8000-000000000002', preview: 'fix the parser' }),
  makeThread({ id: '0188ffff-0000-7000-8000-000000000003', name: '0199c2ab', preview: 'named like an id' }),
];

describe('a thread', () => {
  test.each([
    ['its whole id', '0199c2aa-0000-7000-8000-000000000001', 0],
    ['the beginning of its id', '0188', 2],
    ['its name', 'release', 0],
    ['its name, even where an id begins so too', '0199c2ab', 2],
    ['capital letters of its id', '0188FF', 2],
  ])('is found by %s', (_how, given, index) => {
    expect(findThread(threads, given)).toBe(threads[index]);
  });

  test.each([
    ['realese', 'no rollout found for thread id realese; did you mean 0199c2aa-0000-7000-8000-000000000001 (release)?'],
    ['zzzzzzzzzz', 'no rollout found for thread id zzzzzzzzzz; `codex threads` lists them'],
    [
      '0199',
      '`0199` means 2 threads: 0199c2aa-0000-7000-8000-000000000001 (release), ' +
        '0199c2ab-0000-7000-8000-000000000002 (fix the parser)',
    ],
  ])('is not found by %s', (given, says) => {
    expect(() => findThread(threads, given)).toThrow(says);
  });
});
