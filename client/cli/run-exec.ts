import { randomUUID } from 'node:crypto';
import { type ReviewTarget, reviewStart } from '../../machines/protocol/methods/review.ts';
import { turnInterrupt, turnStart } from '../../machines/protocol/methods/turn.ts';
import type { OpenApproval } from '../../machines/protocol/types/approval.ts';
import type { ThreadItem, UserInput } from '../../machines/protocol/types/item.ts';
import type { Turn } from '../../machines/protocol/types/thread.ts';
import { withLimit } from '../connection/limits.ts';
import type { DaemonLink, ThreadUpdate } from '../connection/link.ts';
import { sanitizeRow } from '../tui/view/sanitize.ts';
import { CliError } from './cli-error.ts';
import { type CliContext, say } from './context.ts';
import type { ExecOutput, OpenedThread } from './exec-output.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { LeftCommands } from './left-commands.ts';
import { TurnWatcher } from './watch-turn.ts';

/** An interrupt is answered at once; a daemon that hangs must not hold a dying client. */
const INTERRUPT_LIMIT_MS = 3_000;

export interface ExecRun {
  readonly link: DaemonLink;
  readonly opened: OpenedThread;
  readonly input: readonly UserInput[];
  readonly outputSchema?: unknown;
  /** What to review; left out: `input` is answered. */
  readonly review?: ReviewTarget | undefined;
  readonly output: ExecOutput;
  /** Told the answer at the end, or null when there is none. */
  readonly answered: (answer: string | null) => void;
}

type Abort = 'SIGINT' | 'SIGTERM' | 'SIGHUP' | 'EPIPE';
type Ending = { readonly kind: 'turn'; readonly turn: Turn } | { readonly kind: 'abort'; readonly cause: Abort };

/** Runs one prompt on an open thread and shows it until its turn ends. */
export async function runExec(context: CliContext, run: ExecRun): Promise<ExitCode> {
  const { link, opened, output, input } = run;
  const threadId = opened.thread.id;
  let answer: Answer | null = null;
  const ending = new Ends(context, link);
  const left = new LeftCommands(link, threadId);
  // The end of a turn is the last that is shown of it; commands that it left running end after that.
  let isOver = false;
  const watcher = new TurnWatcher(threadId, (event) => {
    if (!isOver) output.event(event);
    left.note(event);
    if (event.method === 'item/completed') answer = answerAfter(answer, event.params.item);
    if (event.method === 'approval/requested') say(context, waitsNotice(event.params));
    if (event.method !== 'turn/completed') return;
    isOver = true;
    ending.end({ kind: 'turn', turn: event.params.turn });
  });
  try {
    const onUpdate = (update: ThreadUpdate): void => {
      if (isGone(update)) ending.fail(`thread ${threadId} was closed before the turn ended`);
      watcher.take(update);
    };
    const followed = await link.follow(threadId, { role: 'operator', onUpdate });
    output.opened(opened, followed.current, textOf(input));
    const starting = startTurn(context, run, watcher);
    const end = await Promise.race([starting.then(() => ending.reached), ending.reached]);
    if (end.kind === 'turn') {
      const exitCode = finish(context, run, end.turn, answer);
      for (const command of await left.end(context)) say(context, `ended what the turn had left running: ${command}`);
      return exitCode;
    }
    await withLimit(starting, INTERRUPT_LIMIT_MS, 'the daemon did not take the prompt').catch(() => {});
    const notice = await interrupt(run, watcher.turnId);
    isOver = true;
    await left.end(context);
    if (end.cause !== 'EPIPE') say(context, notice);
    return abort(context, run, end.cause);
  } finally {
    ending.dispose();
  }
}

async function startTurn(context: CliContext, run: ExecRun, watcher: TurnWatcher) {
  const { link, opened, input, outputSchema, review } = run;
  if (review) {
    const { turn } = await link.request(reviewStart, { threadId: opened.thread.id, target: review });
    watcher.watch({ kind: 'turn', turnId: turn.id });
    return;
  }
  const clientUserMessageId = randomUUID();
  const started = await link.request(turnStart, {
    threadId: opened.thread.id,
    input: [...input],
    clientUserMessageId,
    whenBusy: 'queue',
    ...(outputSchema === undefined ? {} : { outputSchema }),
  });
  if (started.queued) say(context, 'the thread is at work; the prompt waits until that turn ends');
  watcher.watch(started.queued ? { kind: 'prompt', clientUserMessageId } : { kind: 'turn', turnId: started.turn.id });
}

/** What the turn answers so far: the plan that it proposes, else the last thing it says. */
type Answer = Extract<ThreadItem, { type: 'agentMessage' | 'plan' }>;

function answerAfter(answer: Answer | null, item: ThreadItem): Answer | null {
  if (item.type === 'plan') return item;
  return item.type === 'agentMessage' && answer?.type !== 'plan' ? item : answer;
}

function finish(
  context: CliContext,
  { output, answered, opened }: ExecRun,
  turn: Turn,
  answer: Answer | null,
): ExitCode {
  const isDone = turn.status === 'completed';
  const text = isDone ? (answer?.text ?? null) : null;
  output.ended(text);
  answered(text);
  if (turn.status === 'interrupted') say(context, interruptedNotice(opened.thread.id));
  return isDone ? exitCodes.ok : exitCodes.failed;
}

/** Ends the turn: it must not outlive the program that asked for it (agent.md §20). Answers what to say of it. */
async function interrupt({ link, opened }: ExecRun, turnId: string | null): Promise<string> {
  const threadId = opened.thread.id;
  if (turnId === null) return 'the prompt stays in the queue of its thread';
  const call = link.request(turnInterrupt, { threadId, turnId });
  return withLimit(call, INTERRUPT_LIMIT_MS, 'the daemon did not interrupt the turn').then(
    () => interruptedNotice(threadId),
    () => `the turn may still run; \`codex attach ${threadId}\` shows it`,
  );
}

function abort(context: CliContext, run: ExecRun, cause: Abort): ExitCode {
  run.answered(null);
  if (cause === 'SIGTERM' || cause === 'SIGHUP') context.dieBy(cause);
  return exitCodes.failed;
}

/** The ways a run can end before or with its turn; the first one counts. */
class Ends {
  readonly reached: Promise<Ending>;
  end: (ending: Ending) => void = () => {};
  fail: (why: string) => void = () => {};
  private readonly disposals: (() => void)[] = [];

  constructor({ onSignal, stdout }: CliContext, link: DaemonLink) {
    this.reached = new Promise((resolve, reject) => {
      this.end = resolve;
      this.fail = (why) => reject(new CliError(why));
    });
    this.reached.catch(() => {}); // the run may fail for another reason before it looks here
    for (const cause of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      this.disposals.push(onSignal(cause, () => this.end({ kind: 'abort', cause })));
    }
    const broken = (): void => this.end({ kind: 'abort', cause: 'EPIPE' });
    stdout.on('error', broken);
    this.disposals.push(
      () => stdout.off('error', broken),
      link.onState((state) => {
        if (state.kind === 'closed') this.fail(`the daemon is gone and the turn with it: ${state.why}`);
      }),
    );
  }

  dispose(): void {
    for (const dispose of this.disposals) dispose();
  }
}

const isGone = (update: ThreadUpdate): boolean => update.kind === 'event' && update.event.method === 'thread/closed';

const interruptedNotice = (threadId: string): string =>
  `the turn was interrupted; \`codex exec resume ${threadId} PROMPT\` goes on from there`;

/** `exec` never asks; another client may have made the thread ask. */
function waitsNotice({ command, form, reason }: OpenApproval): string {
  const of = command === null ? '' : ` of ${command}`;
  const what = form ? `an answer (${sanitizeRow(reason ?? '')})` : `an approval${of}`;
  return `waiting for ${what}; answer it with \`codex attach\` in a terminal`;
}

const textOf = (input: readonly UserInput[]): string =>
  input
    .map((part) => (part.type === 'text' ? part.text : `[image ${'path' in part ? part.path : part.url}]`))
    .join('\n');
