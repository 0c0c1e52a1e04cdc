import { closeSync, openSync, writeSync } from 'node:fs';
import { VERSION } from '../../machines/core/version.ts';
import type { ResultOf } from '../../machines/protocol/define.ts';
import type { ThreadNotification } from '../../machines/protocol/index.ts';
import type { threadStart } from '../../machines/protocol/methods/thread.ts';
import type { ThreadSnapshot } from '../../machines/protocol/types/thread.ts';
import { CliError } from './cli-error.ts';
import type { CliContext } from './context.ts';
import { execLines, initialExecState } from './exec-events.ts';
import { bannerText, plainText, usageText } from './exec-plain.ts';
import { type ColorChoice, choosePaint } from './paint.ts';

/** What the answer to `thread/start` and to `thread/resume` have in common. */
export type OpenedThread = ResultOf<typeof threadStart>;

/** Where a run shows itself: lines for programs, or text for people. */
export interface ExecOutput {
  opened(opened: OpenedThread, snapshot: ThreadSnapshot, prompt: string): void;
  event(event: ThreadNotification): void;
  /** The turn is over; `lastMessage` is its answer, or null. */
  ended(lastMessage: string | null): void;
}

/** JSON lines on stdout (agent.md §11). */
export function jsonOutput(context: CliContext): ExecOutput {
  let state = initialExecState(null);
  const write = (line: unknown): void => {
    context.stdout.write(`${JSON.stringify(line)}\n`);
  };
  return {
    opened(opened, { tokenUsage }) {
      state = initialExecState(tokenUsage?.total ?? null);
      write({ type: 'thread.started', thread_id: opened.thread.id });
    },
    event(event) {
      const [next, lines] = execLines(state, event);
      state = next;
      for (const line of lines) write(line);
    },
    ended() {},
  };
}

/** The course on stderr, the answer alone on stdout. */
export function plainOutput(context: CliContext, color: ColorChoice, pid: number | null): ExecOutput {
  const paint = choosePaint(color, context.stderr, context.env);
  let usage = initialExecState(null).usage;
  return {
    opened(opened, { tokenUsage }, prompt) {
      usage = tokenUsage?.total ?? usage;
      const product = `codex v${VERSION}${pid === null ? '' : ` (daemon pid ${pid})`}`;
      const { cwd, model, modelProvider, approvalPolicy, sandbox, reasoningEffort, thread } = opened;
      const facts = { product, cwd, model, provider: modelProvider, approval: approvalPolicy, sandbox };
      const banner = bannerText({ ...facts, effort: reasoningEffort ?? null, threadId: thread.id }, prompt, paint);
      context.stderr.write(banner);
    },
    event(event) {
      if (event.method === 'thread/tokenUsage/updated') usage = event.params.tokenUsage.total;
      context.stderr.write(plainText(event, paint));
    },
    ended(lastMessage) {
      context.stderr.write(usageText(usage));
      // On one terminal the answer stands there already, as the last message of the course.
      const isShown = context.stdout.isTTY === true && context.stderr.isTTY === true;
      if (lastMessage !== null && !isShown) context.stdout.write(`${lastMessage}\n`);
    },
  };
}

/** The file of `-o`: opened first, so that a wrong path costs no turn; empty when there is no answer. */
export function openAnswerFile(path: string | undefined): (answer: string | null) => void {
  if (path === undefined) return () => {};
  let file: number;
  try {
    file = openSync(path, 'w');
  } catch (error) {
    throw new CliError(`-o: cannot write ${path}: ${(error as NodeJS.ErrnoException).code ?? 'unknown error'}`);
  }
  return (answer) => {
    if (answer !== null) writeSync(file, answer);
    closeSync(file);
  };
}
