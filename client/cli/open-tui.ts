import { threadStart } from '../../machines/protocol/methods/thread.ts';
import { ownSeat } from '../connection/client-facts.ts';
import type { DaemonLink } from '../connection/link.ts';
import { CliError } from './cli-error.ts';
import { openWorkLink } from './cli-link.ts';
import { type CliContext, isInteractive, say } from './context.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import type { CliOptions } from './options.ts';
import { threadOverrides } from './thread-overrides.ts';

/** A thread to show. */
export interface TuiThread {
  readonly threadId: string;
  readonly notices: readonly string[];
}

export interface TuiRun {
  readonly options: CliOptions;
  readonly prompt: string | null;
  readonly role: 'operator' | 'observer';
  /** Finds or makes the thread to begin with. */
  readonly open: (link: DaemonLink, folder: string) => Promise<TuiThread>;
}

/** Opens the terminal interface on a thread, and says at the end how to come back. */
export async function openTui(context: CliContext, { options, prompt, role, open }: TuiRun): Promise<ExitCode> {
  if (!isInteractive(context)) {
    throw new CliError('this needs a terminal; use `codex exec "PROMPT"` to run a prompt without one');
  }
  if (context.env.TERM === 'dumb') {
    throw new CliError('TERM is "dumb": this terminal cannot place text; use another one, or `codex exec "PROMPT"`');
  }
  const { link, cwd } = await openWorkLink(context, options, {
    name: 'codex-tui',
    giveUpAfterMs: Number.POSITIVE_INFINITY,
  });
  try {
    const { threadId, notices } = await open(link, cwd);
    const { runTui } = await context.loadTui();
    const exit = await runTui({
      link,
      threadId,
      initialPrompt: prompt,
      role,
      cwd,
      notices,
      // Only asked for where both are terminals (isInteractive).
      input: context.stdin as NodeJS.ReadStream,
      output: context.stdout as NodeJS.WriteStream,
      env: context.env,
      seat: ownSeat(),
      openUrl: context.openUrl,
      newThread: async () => (await startThread(link, options, cwd)).threadId,
    });
    if (exit.message !== null) say(context, exit.message);
    if (exit.isKept) say(context, `To come back to this thread: codex resume ${exit.threadId}`);
    return exit.reason === 'quit' ? exitCodes.ok : exitCodes.failed;
  } finally {
    link.close();
  }
}

/** A new thread with what the command line asks for. */
export async function startThread(link: DaemonLink, options: CliOptions, cwd: string): Promise<TuiThread> {
  const overrides = await threadOverrides(link, options, cwd);
  const opened = await link.request(threadStart, { ...overrides, cwd, threadSource: 'user' });
  return { threadId: opened.thread.id, notices: opened.notices };
}
