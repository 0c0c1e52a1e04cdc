import { describe, expect, test } from 'vitest';
import { requireAbsolute } from '../../../daemon/absolute-path.ts';
import { decodeBase64 } from '../../../daemon/base64.ts';
import { CommandNotStartedError } from '../../../daemon/exec/spawn-command.ts';
import { asCannotStart, layOver } from '../../../daemon/handlers/client-command.ts';
import { SandboxUnavailableError } from '../../../daemon/sandbox/errors.ts';

describe('why a command did not start', () => {
  test.each([
    {
      name: 'no sandbox can be had: it is not run without one',
      error: new SandboxUnavailableError('bwrap is missing', 'install it'),
      becomes: {
        errorName: 'sandboxUnavailable',
        code: -32603,
        message: 'no sandbox is available: bwrap is missing; to mend it: install it',
        data: { reason: 'bwrap is missing', mend: 'install it' },
      },
    },
    {
      name: 'the system refused',
      error: new CommandNotStartedError('x', { cause: new Error('EAGAIN') }),
      becomes: { errorName: 'commandNotStarted', code: -32603, message: 'failed to spawn process: EAGAIN' },
    },
    { name: 'anything else stays what it is', error: new Error('bug'), becomes: { message: 'bug' } },
  ])('$name', ({ error, becomes }) => {
    expect(() => asCannotStart('process')(error)).toThrow(expect.objectContaining(becomes));
  });
});

test('variables are laid over others, and null takes one away', () => {
  expect(layOver({ A: '1', B: '2' }, { B: null, C: '3' })).toEqual({ A: '1', C: '3' });
  expect(layOver({ A: '1' }, null)).toEqual({ A: '1' });
});

describe('base64', () => {
  test.each([
    { text: '', bytes: '' },
    { text: 'aGk=', bytes: 'hi' },
    { text: 'aGk', problem: 'Invalid padding' },
    { text: '!!', problem: 'Invalid symbol 33, offset 0.' },
    { text: 'aG=k', problem: 'Invalid symbol 61, offset 2.' },
  ])('$text', ({ text, bytes, problem }) => {
    const decoded = decodeBase64(text);
    expect('bytes' in decoded ? decoded.bytes.toString() : decoded.problem).toBe(problem ?? bytes);
  });
});

describe('a path of a client', () => {
  test.each([
    { path: '/a/../b/', is: '/b' },
    { path: '/', is: '/' },
  ])('$path', ({ path, is }) => {
    expect(requireAbsolute(path)).toBe(is);
  });

  test.each(['a', '', '~/a', './a', '/a\0b'])('%j is refused', (path) => {
    expect(() => requireAbsolute(path)).toThrow('AbsolutePathBuf deserialized without a base path');
  });
});
