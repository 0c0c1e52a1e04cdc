import type { ActorRefFrom } from 'xstate';
import type { WaitingLink } from '../../machines/protocol/methods/thread-why.ts';
import type { OpenApproval } from '../../machines/protocol/types/approval.ts';
import type { threadMachine } from '../../machines/thread/thread-machine.ts';
import { stateName } from '../state-name.ts';
import { turnOf } from './turn-rest.ts';

const PERSON = 'a person: `codex approvals` lists the question';

/** What each state of a turn waits for; the outermost name counts where the inner one is not listed. */
const TURN_WAITS: Readonly<Record<string, string>> = {
  preparing: 'its configuration and surroundings',
  reopened: PERSON,
  adopting: 'its configuration, in the surroundings of the client that answered',
  sampling: 'the model',
  'sampling.backingOff': 'the time to ask the model again',
  'sampling.settling': 'the calls of the answer that was cut',
  runningTools: 'its calls',
  awaitingApproval: PERSON,
  compacting: 'the model, for a summary',
  'compacting.backingOff': 'the time to ask the model again',
  runningCommand: 'the command that a person typed',
  interrupting: 'its calls to stop, at most 10 s',
};

const CALL_WAITS: Readonly<Record<string, string>> = {
  deciding: 'a look at what it would do',
  awaitingApproval: PERSON,
  'awaitingApproval.reviewing': 'a second look at what it would do',
  running: 'its command or patch, in the sandbox',
  escalating: 'its command or patch, outside the sandbox',
};

/** What a thread waits for, link by link, from the thread down (DESIGN §4). */
export function waitingChain(
  thread: ActorRefFrom<typeof threadMachine>,
  threadId: string,
  approvals: readonly OpenApproval[],
): WaitingLink[] {
  const { value, context } = thread.getSnapshot();
  const state = stateName(value);
  const line = context.queue.length;
  const idle = line > 0 ? 'a client that gives its next prompt an environment, or starts the line' : 'a prompt';
  const ofThread = { kind: 'thread' as const, id: threadId, state, waitsFor: state === 'running' ? 'its turn' : idle };
  const turn = turnOf(thread)?.getSnapshot();
  if (turn?.status !== 'active') return [ofThread];
  const calls = Object.entries(turn.context.calls).map(([id, { ref }]) => {
    const callState = stateName(ref.getSnapshot().value);
    return { kind: 'call' as const, id, state: callState, waitsFor: lookUp(CALL_WAITS, callState) };
  });
  const turnState = stateName(turn.value);
  return [
    ofThread,
    { kind: 'turn', id: turn.context.turnId, state: turnState, waitsFor: lookUp(TURN_WAITS, turnState) },
    ...calls,
    ...approvals.map(({ approvalId: id }) => ({ kind: 'approval' as const, id, state: 'open', waitsFor: PERSON })),
  ];
}

const lookUp = (table: Readonly<Record<string, string>>, state: string): string | null =>
  table[state] ?? table[state.split('.')[0] ?? ''] ?? null;
