import { Command } from 'commander';
import { threadStart } from '../../../machines/protocol/methods/thread.ts';
import type { Cli } from '../cli.ts';
import { daemonPid, EXEC_GIVE_UP_MS, openWorkLink } from '../cli-link.ts';
import { type CliContext, isInteractive, say } from '../context.ts';
import { plainOutput } from '../exec-output.ts';
import type { ExitCode } from '../exit-codes.ts';
import { openTui, startThread } from '../open-tui.ts';
import { addThreadOptions, type CliOptions, optionsOf } from '../options.ts';
import { runExec } from '../run-exec.ts';
import { threadOverrides } from '../thread-overrides.ts';

const EXAMPLE_PROMPT = 'Run the tests, find the bug, fix it, and run the tests again.';

/** `codex try`: the shortest way to see it work; `npm start` runs it. */
export function tryCommand(cli: Cli): Command {
  return addThreadOptions(new Command('try'))
    .description('see it work: with the built-in practice model if no model is configured')
    .argument('[prompt...]', 'a prompt; without one, and without a terminal, a small example project is repaired')
    .addHelpText(
      'after',
      `
Examples:
  codex try
  codex try "what is in this folder?"
  codex try < /dev/null`,
    )
    .action(async (words: string[], _options, command: Command) => {
      const options = optionsOf(command);
      const prompt = words.length > 0 ? words.join(' ') : null;
      if (!isInteractive(cli.context)) {
        cli.finish(await tryOnce(cli.context, options, prompt));
        return;
      }
      const open = (link: Parameters<typeof startThread>[0], cwd: string) => startThread(link, options, cwd);
      cli.finish(await openTui(cli.context, { options, prompt, role: 'operator', open }));
    });
}

/** Without a prompt the daemon makes a fresh copy of its example project and the thread works there. */
async function tryOnce(context: CliContext, options: CliOptions, prompt: string | null): Promise<ExitCode> {
  const { link, cwd } = await openWorkLink(context, options, { name: 'codex-try', giveUpAfterMs: EXEC_GIVE_UP_MS });
  try {
    const place = prompt === null ? { threadSource: 'example' } : { threadSource: 'exec', cwd };
    const unattended = { sandbox: 'workspace-write' as const, approvalPolicy: 'never' as const };
    const given = await threadOverrides(link, options, cwd);
    const params = { ...unattended, ...given, approvalPolicy: unattended.approvalPolicy, ...place };
    const opened = await link.request(threadStart, params);
    for (const notice of opened.notices ?? []) say(context, notice);
    const output = plainOutput(context, 'auto', await daemonPid(link));
    const input = [{ type: 'text' as const, text: prompt ?? EXAMPLE_PROMPT }];
    return await runExec(context, { link, opened, input, output, answered: () => {} });
  } finally {
    link.close();
  }
}
