import { describe, expect, test } from 'vitest';
import { isDangerousScript } from '../../../machines/policy/command-safety.ts';

describe('removing by force is dangerous', () => {
  test.each([
    'rm -f a',
    'rm -rf a',
    'rm -fr a',
    'rm -Rf a',
    'rm -r -f a',
    'rm a -f',
    'rm --force a',
    '/bin/rm -f a',
    'sudo rm -f a',
    'sudo -u root rm -rf /',
    'env A=1 rm -f a',
    'cd x && rm -rf y',
    'true || rm -f a',
    'ls; rm -f a',
    'ls | xargs rm -f',
    'ls\nrm -f a',
    '(rm -f a)',
    '{ rm -f a; }',
    'x=$(rm -f a)',
    '`rm -f a`',
    'if true; then rm -f a; fi',
    'for f in *; do rm -f "$f"; done',
    '"rm" -f a',
    "rm '-f' a",
    'r\\m -f a',
    '  rm   -f   a',
    'find . -exec rm -f {} +',
    "bash -c 'rm -f a'",
    'rm -f a &',
  ])('%s', (script) => {
    expect(isDangerousScript(script)).toBe(true);
  });

  test.each([
    'rm a',
    'rm -r a',
    'rm -i a',
    'rmdir -f',
    'ls -f',
    'git rm a',
    'grep -f patterns file',
    'echo farm -f',
    'rm a; ls -f',
    'tail -f log | rm a',
    '',
  ])('not: %s', (script) => {
    expect(isDangerousScript(script)).toBe(false);
  });
});
