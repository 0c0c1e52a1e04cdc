import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { addThreadOptions, optionsOf, overridesOf } from '../../../client/cli/options.ts';

/** What `codex ARGS` lays over the configuration, with a subcommand `run` that takes the same options. */
function overridesFor(args: readonly string[]) {
  let seen: ReturnType<typeof overridesOf> = {};
  const quiet = { writeErr: () => {} };
  const note = (_options: unknown, command: Command) => {
    seen = overridesOf(optionsOf(command));
  };
  const run = addThreadOptions(new Command('run')).exitOverride().configureOutput(quiet).action(note);
  const root = addThreadOptions(new Command('codex')).exitOverride().configureOutput(quiet).enablePositionalOptions();
  root
    .action(note)
    .addCommand(run)
    .parse([...args], { from: 'user' });
  return seen;
}

describe('the command line', () => {
  test.each([
    { args: [], overrides: {} },
    { args: ['-m', 'gpt'], overrides: { model: 'gpt' } },
    { args: ['-m', 'outer', 'run', '-m', 'inner'], overrides: { model: 'inner' } },
    { args: ['-m', 'outer', 'run'], overrides: { model: 'outer' } },
    { args: ['run', '--full-auto'], overrides: { sandbox: 'workspace-write', approvalPolicy: 'on-request' } },
    {
      args: ['run', '--full-auto', '-s', 'read-only', '-a', 'never'],
      overrides: { sandbox: 'read-only', approvalPolicy: 'never' },
    },
    {
      args: ['--dangerously-bypass-approvals-and-sandbox'],
      overrides: { sandbox: 'danger-full-access', approvalPolicy: 'never' },
    },
    { args: ['run', '--yolo'], overrides: { sandbox: 'danger-full-access', approvalPolicy: 'never' } },
    {
      args: ['--enable', 'goals', 'run', '--disable', 'web_search', '-c', 'features.goals=false'],
      overrides: { config: { 'features.goals': 'true', 'features.web_search': 'false' } },
    },
    {
      args: ['-c', 'a.b = "x=y"', 'run', '-c', 'c=1', '-c', 'a.b=2'],
      overrides: { config: { c: '1', 'a.b': '2' } },
    },
    {
      args: ['--practice', '-p', 'wo"rk'],
      overrides: { config: { profile: '"wo\\"rk"', model_provider: '"practice"' } },
    },
  ])('$args means $overrides', ({ args, overrides }) => {
    const seen = overridesFor(args);

    expect(seen).toEqual(overrides);
    expect(Object.keys(seen.config ?? {})).toEqual(Object.keys(overrides.config ?? {}));
  });

  test.each([
    [['-c', 'novalue']],
    [['-c', '=1']],
    [['-s', 'everything']],
    [['--full-auto', '--dangerously-bypass-approvals-and-sandbox']],
    [['--full-auto', '--yolo']],
    [['--enable', 'a=b']],
    [['--no-such']],
  ])('%j is refused', (args) => {
    expect(() => overridesFor(args)).toThrow(expect.objectContaining({ name: 'CommanderError' }));
  });

  test('may start the daemon unless one of its parts forbids it', () => {
    const autostartOf = (args: string[]) => {
      let seen = true;
      const run = addThreadOptions(new Command('run')).action((_options, command) => {
        seen = optionsOf(command).autostart;
      });
      addThreadOptions(new Command('codex')).enablePositionalOptions().addCommand(run).parse(args, { from: 'user' });
      return seen;
    };

    expect(autostartOf(['run'])).toBe(true);
    expect(autostartOf(['run', '--no-autostart'])).toBe(false);
    expect(autostartOf(['--no-autostart', 'run'])).toBe(false);
  });
});
