import { expect, test } from 'vitest';
import { wrapHelp } from '../../../client/cli/help-text.ts';
import { startCli } from '../../support/cli-context.ts';

test('sentences are wrapped as one paragraph, what is indented stays', () => {
  const help = `Usage: codex wait [options]

States: one two
three four five

Examples:
  codex an example that is far too long
  codex short
`;

  expect(wrapHelp(help, 16)).toBe(`Usage: codex
wait [options]

States: one two
three four five

Examples:
  codex an example that is far too long
  codex short
`);
});

test('a word that is too long stands alone', () => {
  expect(wrapHelp('see https://example.org/path now', 10)).toBe('see\nhttps://example.org/path\nnow');
});

test.each(['', 'exec', 'review', 'audit', 'wait', 'queue', 'threads', 'approvals', 'app-server'])(
  'the help of codex %s fits into 80 columns, examples aside',
  async (name) => {
    const args = [...(name === '' ? [] : [name]), '--help'];
    const { stdout } = await startCli(args, { env: {}, columns: 80 }).done;

    expect(stdout).toContain('Usage: codex');
    expect(stdout.split('\n').filter((line) => line.length > 80 && !line.startsWith('  codex '))).toEqual([]);
  },
);
