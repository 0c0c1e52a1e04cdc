import { RpcError } from '../../machines/core/errors.ts';
import type { Connection } from '../server/connection.ts';
import type { HandlerContext, Handlers } from '../server/register.ts';
import type { Thread } from '../threads/thread.ts';
import type { PromptTask } from '../threads/turn-run.ts';
import { environmentOf, type HandlerDeps } from './handler-deps.ts';
import { loaded } from './turn.ts';

type WorkMethods =
  | 'thread/compact/start'
  | 'thread/shellCommand'
  | 'thread/backgroundTerminals/clean'
  | 'thread/backgroundTerminals/terminate';

export function threadWorkHandlers(deps: HandlerDeps): Pick<Handlers, WorkMethods> {
  return {
    'thread/compact/start': async ({ threadId }, context) => {
      startTask(deps, await loaded(deps, threadId, context.connection), { kind: 'compact' }, context);
      return {};
    },
    'thread/shellCommand': async ({ threadId, command, timeoutMs }, context) => {
      const thread = await loaded(deps, threadId, context.connection);
      const task = { kind: 'userCommand', command, timeoutMs: timeoutMs ?? null } as const;
      if (!runBeside(deps, thread, task, context)) startTask(deps, thread, task, context);
      return {};
    },
    'thread/backgroundTerminals/clean': async ({ threadId }, { connection }) => {
      const thread = await loaded(deps, threadId, connection);
      await thread.deps.tools.processes.kill(thread.id);
      return {};
    },
    'thread/backgroundTerminals/terminate': async ({ threadId, processId }, { connection }) => {
      const { id, deps: shared } = await loaded(deps, threadId, connection);
      return { terminated: shared.tools.processes.terminate(id, Number(processId)) };
    },
  };
}

/** Begins a turn that is no prompt, after the answer. @returns its turn's id @throws RpcError threadStoreFailed */
export function startTask(
  { home }: HandlerDeps,
  thread: Thread,
  task: PromptTask,
  { connection, afterReply }: HandlerContext,
): string {
  if (thread.journal.rollout.isBroken)
    throw new RpcError('threadStoreFailed', "the thread's log takes no more lines, so nothing was begun");
  const { turnId, begin } = thread.prompts.startTask(task, askerOf(connection, home));
  afterReply(begin);
  return turnId;
}

/** A command beside the turn that runs, which reads its output with its next request. False: no turn runs. */
function runBeside(
  { home }: HandlerDeps,
  thread: Thread,
  { command, timeoutMs }: Extract<PromptTask, { kind: 'userCommand' }>,
  { connection, afterReply }: HandlerContext,
): boolean {
  const { run } = thread;
  if (!run || !thread.isRunning) return false;
  const turn = { ...run, prompt: { ...run.prompt, environment: environmentOf(connection, home) } };
  afterReply(() => {
    thread.commands.run({ command, timeoutMs, turn }).then(
      () => thread.send({ type: 'historyGrew' }),
      (error: unknown) => thread.deps.onInternalError(error, `a person's command in thread ${thread.id}`),
    );
  });
  return true;
}

const askerOf = (connection: Connection, home: string) => ({
  sentBy: connection.tag,
  environment: environmentOf(connection, home),
});
