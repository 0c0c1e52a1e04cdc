import { fromPromise } from 'xstate';
import { openQuestions, reopenedTurn } from '../../machines/thread/reopen.ts';
import { type LoadedThread, threadMachine } from '../../machines/thread/thread-machine.ts';
import type { ThreadRecord } from '../../machines/thread/thread-record.ts';
import { toolCallMachine } from '../../machines/thread/tool-call-machine.ts';
import { turnMachine } from '../../machines/thread/turn-machine.ts';
import { createSummarize } from '../actors/compact-history.ts';
import { endTurn } from '../actors/end-turn.ts';
import { createPrepareTurn } from '../actors/prepare-turn.ts';
import { createReopenTurn } from '../actors/reopen-turn.ts';
import { CallDesk } from '../actors/run-tool.ts';
import { createStreamModel } from '../actors/stream-model.ts';
import type { Thread } from './thread.ts';
import { announceRetry, announceWaiting } from './turn-notices.ts';

/** The command that is a turn of its own. */
async function runOwnCommand({ run, commands }: Thread): Promise<{ isStopped: boolean }> {
  if (run?.prompt.task?.kind !== 'userCommand') throw new Error('the turn has no command');
  return commands.run({ ...run.prompt.task, turn: run });
}

/** The thread's machine with everything that acts: the only place where a thread's effects are wired. */
export function provideThread(thread: Thread, record: ThreadRecord) {
  const asked = openQuestions(record);
  const reopened = reopenedTurn(record);
  const desk = new CallDesk(thread, asked);
  const toolCall = toolCallMachine.provide({
    actors: {
      prepareCall: fromPromise(({ input, signal }) => desk.prepare(input.call, signal)),
      askPerson: fromPromise(({ input }) => desk.ask(input.call, input.thenOutside)),
      runTool: fromPromise(({ input }) => desk.run(input.call, input.outside)),
    },
    actions: {
      rememberGrant: ({ context }) => desk.grant(context.call),
      stopTool: ({ context }) => desk.stop(context.call),
      recordOutcome: ({ context }, { ending }) => desk.finish(context.call, ending, context.outcome),
    },
  });
  const turn = turnMachine.provide({
    actors: {
      prepareTurn: createPrepareTurn(thread),
      reopenTurn: createReopenTurn(thread, asked, record.lastContext),
      streamModel: createStreamModel(thread),
      summarize: createSummarize(thread),
      runUserCommand: fromPromise(() => runOwnCommand(thread)),
      toolCall,
    },
    actions: {
      stopUserCommands: () => void thread.commands.stop(),
      announceRetry: (_, params) => announceRetry(thread, params),
      announceWaiting: () => announceWaiting(thread),
      recordEnd: ({ context }, output) => endTurn(thread, context.turnId, output),
    },
  });
  return threadMachine.provide({
    actors: {
      // The log was read to make the thread; what waits in it for a client's environment keeps its place.
      loadThread: fromPromise<LoadedThread, { threadId: string }>(async () => ({
        queue: record.queue.map(({ turnId, prompt }) => ({ promptId: prompt.promptId, turnId, isReady: false })),
        reopened,
      })),
      closeThread: fromPromise(async () => {
        await Promise.all([thread.commands.stop(), thread.deps.tools.processes.kill(thread.id)]);
        await thread.journal.rollout.close();
      }),
      turn,
    },
  });
}
