import type { ActorRefFrom } from 'xstate';
import type { threadMachine } from '../../machines/thread/thread-machine.ts';
import type { turnMachine } from '../../machines/thread/turn-machine.ts';

type ThreadActor = ActorRefFrom<typeof threadMachine>;

/** The turn that runs, or undefined. The cast: the thread machine invokes nothing else under this id. */
export const turnOf = (thread: ThreadActor): ActorRefFrom<typeof turnMachine> | undefined =>
  thread.getSnapshot().children.turn as ActorRefFrom<typeof turnMachine> | undefined;

/** Whether the running turn does nothing but wait for a person: then it can be let go and gone on with later. */
export function isOnlyWaiting(thread: ThreadActor): boolean {
  const state = turnOf(thread)?.getSnapshot();
  if (!state) return false;
  if (state.matches('reopened')) return true;
  return state.matches('awaitingApproval') && Object.values(state.context.calls).every((call) => call.isWaiting);
}

/** Settles when no turn runs, or one that only waits for a person. It has no limit of its own; whoever waits sets one. */
export function whenResting(thread: ThreadActor): Promise<void> {
  return new Promise((resolve) => {
    let ofTurn: { unsubscribe(): void } | undefined;
    const rest = (): void => {
      ofTurn?.unsubscribe();
      ofThread.unsubscribe();
      resolve();
    };
    const look = (): void => {
      if (!thread.getSnapshot().matches('running') || isOnlyWaiting(thread)) rest();
    };
    const followTurn = (): void => {
      ofTurn?.unsubscribe();
      ofTurn = turnOf(thread)?.subscribe({ next: look, error: look });
      look();
    };
    const ofThread = thread.subscribe({ next: followTurn, error: rest, complete: rest });
    followTurn();
  });
}
