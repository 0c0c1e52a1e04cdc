import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { displayCommand, shellArgv } from '../../../machines/exec/shell-command.ts';
import fc from '../../support/fast-check.ts';

test('a command runs in a login shell unless told otherwise', () => {
  expect(shellArgv('echo hi', { shell: '/bin/bash', login: true })).toEqual(['/bin/bash', '-lc', 'echo hi']);
  expect(shellArgv('echo hi', { shell: '/bin/zsh', login: false })).toEqual(['/bin/zsh', '-c', 'echo hi']);
});

describe('displayCommand', () => {
  test.each([
    { argv: ['/bin/bash', '-lc', 'echo hi'], line: "/bin/bash -lc 'echo hi'" },
    { argv: ['ls', '-la', 'a_b/c.txt'], line: 'ls -la a_b/c.txt' },
    { argv: ['echo', ''], line: "echo ''" },
    { argv: ['echo', "it's"], line: 'echo "it\'s"' },
    { argv: ['echo', "it's $HOME"], line: "echo 'it'\\''s $HOME'" },
    { argv: ['FOO=1', '~', '*'], line: "'FOO=1' '~' '*'" },
  ])('$line', ({ argv, line }) => {
    expect(displayCommand(argv)).toBe(line);
  });

  test('a shell reads back the same words', () => {
    const word = fc.string({ unit: fc.constantFrom('a', ' ', "'", '"', '\\', '$', '`', '!', '\n', '*', 'é', '=') });
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 20 }), (words) => {
        const output = execFileSync('/bin/sh', ['-c', `printf '%s\\0' ${displayCommand(words)}`], { encoding: 'utf8' });
        expect(output.split('\0').slice(0, -1)).toEqual(words);
      }),
      { numRuns: 50 },
    );
  });
});
