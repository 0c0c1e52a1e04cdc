import { fromPromise } from 'xstate';
import type { QuestionRecord, TurnContextLine } from '../../machines/thread/rollout-line.ts';
import type { PreparedTurn, TurnPrompt } from '../../machines/thread/turn.ts';
import { loggedPolicy } from '../threads/logged-settings.ts';
import type { Thread } from '../threads/thread.ts';
import type { SubmittedPrompt } from '../threads/turn-run.ts';
import { contextFacts } from './context-facts.ts';
import { setUpRun, toPrepared } from './prepare-turn.ts';

/**
 * Sets a turn up again that waited for a person over a restart. The environment of the client that sent it was in memory
 * only: the turn goes on in that of the client which answered, and says so (DESIGN §3).
 */
export function createReopenTurn(thread: Thread, asked: readonly QuestionRecord[], line: TurnContextLine | null) {
  return fromPromise<PreparedTurn, TurnPrompt>(async ({ input, signal }) => {
    const { adopted } = thread;
    if (!adopted) throw new Error(`nobody answered in turn ${input.turnId}`);
    const [question] = asked;
    // What the person was shown names the shell: no other one may run it.
    const variables = { ...adopted.environment.variables, ...(question ? { SHELL: question.shell } : {}) };
    const prompt: SubmittedPrompt = {
      ...input,
      input: [],
      sentBy: adopted.by,
      environment: { ...adopted.environment, variables },
      overrides: loggedPolicy(line),
      outputSchema: question?.outputSchema,
    };
    const run = await setUpRun(thread, prompt);
    const facts = await contextFacts(thread, run);
    // Stopped meanwhile: nothing of this turn may be told after its end.
    signal.throwIfAborted();
    const startedAt = thread.currentTurn?.startedAt;
    thread.run = { ...run, facts, startedAtMs: startedAt ? startedAt * 1000 : run.startedAtMs };
    const { name, terminal } = adopted.by;
    const message = `The daemon was restarted while a question waited: the turn goes on with the environment (variables, umask, locale) of ${name}${terminal ? ` on ${terminal}` : ''}, which answered it.`;
    thread.journal.announce({ method: 'warning', params: { threadId: thread.id, message } });
    await run.mcp.whenUsable(signal);
    return toPrepared(thread, run);
  });
}
