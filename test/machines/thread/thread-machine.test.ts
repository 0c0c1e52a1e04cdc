import { describe, expect, test } from 'vitest';
import type { ReopenedTurn } from '../../../machines/thread/reopen.ts';
import { type ThreadEvent, threadMachine, type WaitingPrompt } from '../../../machines/thread/thread-machine.ts';
import type { turnMachine } from '../../../machines/thread/turn-machine.ts';
import {
  ended,
  failed,
  type MachineModel,
  type ScriptedEffects,
  type Step,
  sent,
  startScripted,
  unhandledEvents,
  walkMachine,
} from '../../support/machine-coverage.ts';

const LOAD = '0.thread.loading';
const CLOSE = '0.thread.closing';
const failure = new Error('the log cannot be read');
const promptOf = (promptId: string, isReady = true): WaitingPrompt => ({
  promptId,
  turnId: `turn-${promptId}`,
  isReady,
});
const lost = promptOf('lost', false);
const reopened: ReopenedTurn = {
  turnId: 'turn-open',
  promptId: 'open',
  calls: {
    waiting: [{ call: { callId: 'c', name: 'x', kind: 'function', input: '{}' }, thenOutside: true }],
    pending: [],
  },
};

const events = {
  submit: { type: 'submit', prompt: promptOf('a') },
  submitFirst: { type: 'submitFirst', prompt: promptOf('a') },
  reorder: { type: 'reorder', promptIds: ['b', 'a'] },
  withdraw: { type: 'withdraw', promptId: 'a' },
  steer: { type: 'steer' },
  historyGrew: { type: 'historyGrew' },
  interrupt: { type: 'interrupt' },
  answered: { type: 'answered', callId: 'call-1', decision: 'accept' },
  storeFailed: { type: 'storeFailed', error: { message: 'no space left' } },
  suspend: { type: 'suspend' },
  unload: { type: 'unload' },
} as const satisfies { readonly [Type in ThreadEvent['type']]: Extract<ThreadEvent, { type: Type }> };

const ends = {
  loaded: ended(LOAD, { queue: [], reopened: null }, 'loaded'),
  loadedLost: ended(LOAD, { queue: [lost], reopened: null }, 'loaded with a lost prompt'),
  loadedOpen: ended(LOAD, { queue: [], reopened }, 'loaded with a turn that waits'),
  notLoaded: failed(LOAD, failure, 'not loaded'),
  turnEnded: ended('turn', { status: 'completed', error: null }, 'turn ended'),
  turnStopped: ended('turn', { status: 'interrupted', error: null }, 'turn stopped'),
  turnBroke: failed('turn', failure, 'turn broke'),
  closed: ended(CLOSE, undefined, 'closed'),
  notClosed: failed(CLOSE, failure, 'not closed'),
} as const satisfies Readonly<Record<string, Step>>;

const asked: readonly Step[] = [...Object.values(events).map((event) => sent(event))];
const askedOfB = sent({ type: 'submit', prompt: promptOf('b') }, 'submit b');
const askedOfLost: readonly Step[] = [
  sent({ type: 'submit', prompt: promptOf('lost') }, 'submit lost again'),
  sent({ type: 'withdraw', promptId: 'lost' }, 'withdraw lost'),
];

const provide = (effects: ScriptedEffects) =>
  threadMachine.provide({
    actors: {
      loadThread: effects.logic('loadThread'),
      closeThread: effects.logic('closeThread'),
      turn: effects.logic<typeof turnMachine>('turn'),
    },
  });

const model: MachineModel<typeof threadMachine> = {
  input: { threadId: 'thread-1' },
  provide,
  steps: (snapshot) => [
    ...asked,
    // Longer lines and other orders have no states of their own.
    ...(snapshot.context.queue.length === 0 ? [askedOfB] : []),
    ...(snapshot.context.queue.some(({ promptId }) => promptId === 'lost') ? askedOfLost : []),
    ...(snapshot.matches('loading') ? [ends.loaded, ends.loadedLost, ends.notLoaded] : []),
    ...(snapshot.matches('running') ? [ends.turnEnded, ends.turnStopped, ends.turnBroke] : []),
    ...(snapshot.matches('closing') ? [ends.closed, ends.notClosed] : []),
  ],
  check: ({ steps, snapshot, effects }) => {
    const { context } = snapshot;
    const ids = context.queue.map((prompt) => prompt.promptId);
    const turns = effects.records.filter(({ effect, did }) => effect === 'turn' && did === 'started').length;
    const turnsEnded =
      effects.records.filter(({ effect, did }) => effect === 'turn' && did === 'stopped').length +
      steps.filter((step) => ['turn ended', 'turn stopped', 'turn broke'].includes(step)).length;
    // One turn at a time, one place for each prompt, and a turn runs exactly when the machine says so.
    expect([steps, turns - turnsEnded]).toEqual([steps, snapshot.matches('running') ? 1 : 0]);
    expect([steps, context.current !== null]).toEqual([steps, snapshot.matches('running')]);
    expect([steps, ids]).toEqual([steps, [...new Set(ids)]]);
    if (snapshot.matches('idle') && !context.isHeld)
      expect([steps, context.queue.filter((prompt) => prompt.isReady)]).toEqual([steps, []]);
    // Only a line is held, and never beside a turn.
    if (context.isHeld) expect([steps, ids.length > 0, snapshot.matches('running')]).toEqual([steps, true, false]);
  },
};

/** A thread with a turn that waited for a person when the daemon ended. */
const reopenedModel: typeof model = {
  ...model,
  steps: (snapshot) => [
    sent(events.submit),
    ...(snapshot.matches('loading') ? [ends.loadedOpen] : [sent(events.suspend)]),
    ...(snapshot.matches('running') ? [ends.turnEnded] : []),
  ],
};

describe('the thread machine', () => {
  test('every state is reached and every transition taken, alike by chart and actor', () => {
    const { walks, untaken, ...rest } = walkMachine(model);
    const reopening = walkMachine(reopenedModel);
    expect({ ...rest, reopening: reopening.mismatches }).toEqual({ unreached: [], mismatches: [], reopening: [] });
    expect(untaken.filter((id) => reopening.untaken.includes(id))).toEqual([]);
    expect(walks).toBeGreaterThan(200);
  });

  test('every event is handled or knowingly ignored in every state', () => {
    const ofTurn = ['steer', 'historyGrew', 'interrupt', 'answered', 'storeFailed', 'suspend'];
    expect(unhandledEvents(threadMachine, Object.keys(events))).toEqual({
      loading: ofTurn,
      idle: ofTurn,
      running: [],
      closing: ofTurn,
    });
  });
});

function startThread() {
  const { actor, clock, effects } = startScripted(model);
  const turns = () =>
    effects.records.flatMap(({ effect, did, input }) => (effect === 'turn' && did === 'started' ? [input] : []));
  return {
    actor,
    effects,
    take: (...steps: readonly (Step | ThreadEvent)[]) => {
      for (const step of steps) ('perform' in step ? step : sent(step)).perform(actor, clock);
    },
    /** Prompt ids of the turns that ran, in order. */
    ran: () => turns().map((input) => (input as { promptId: string }).promptId),
    waiting: () => actor.getSnapshot().context.queue.map((prompt) => prompt.promptId),
  };
}

const submit = (promptId: string, isReady = true): ThreadEvent => ({
  type: 'submit',
  prompt: promptOf(promptId, isReady),
});

const submitFirst = (promptId: string): ThreadEvent => ({ type: 'submitFirst', prompt: promptOf(promptId) });

describe('the prompts in line', () => {
  test.each([
    {
      name: 'run in the order in which they came',
      take: [submit('a'), submit('b'), submit('c')],
      ran: ['a', 'b', 'c'],
    },
    { name: 'run once, though sent twice', take: [submit('a'), submit('b'), submit('b')], ran: ['a', 'b'] },
    {
      name: 'can be withdrawn',
      take: [submit('a'), submit('b'), submit('c'), { type: 'withdraw', promptId: 'b' }],
      ran: ['a', 'c'],
    },
    {
      name: 'run in another order when a person wants it',
      take: [submit('a'), submit('b'), submit('c'), { type: 'reorder', promptIds: ['c', 'b', 'a'] }],
      ran: ['c', 'b', 'a'],
    },
    { name: 'run after those of an earlier life', take: [submit('lost'), submit('a')], ran: ['lost', 'a'] },
  ] as const)('$name', ({ take, ran }) => {
    const thread = startThread();
    thread.take(...take, ends.loadedLost);
    for (const _ of ran) thread.take(ends.turnEnded);
    expect(thread.ran()).toEqual(ran);
    thread.actor.stop();
  });

  test('one without its environment waits, and holds up nobody behind it', () => {
    const thread = startThread();
    thread.take(ends.loadedLost);
    expect([thread.actor.getSnapshot().value, thread.ran(), thread.waiting()]).toEqual(['idle', [], ['lost']]);
    thread.take(submit('a'));
    expect([thread.actor.getSnapshot().value, thread.ran(), thread.waiting()]).toEqual(['running', ['a'], ['lost']]);
    thread.take(ends.turnEnded);
    expect([thread.actor.getSnapshot().value, thread.waiting()]).toEqual(['idle', ['lost']]);
    thread.actor.stop();
  });

  test('one that gets its environment back keeps its place', () => {
    const thread = startThread();
    thread.take(ends.loadedLost, submit('a'), submit('b'), submit('lost'));
    expect(thread.waiting()).toEqual(['lost', 'b']);
    thread.take(ends.turnEnded, ends.turnEnded, ends.turnEnded);
    expect(thread.ran()).toEqual(['a', 'lost', 'b']);
    thread.actor.stop();
  });

  test('go on after a turn that broke, and its cause is kept', () => {
    const thread = startThread();
    thread.take(ends.loaded, submit('a'), submit('b'), ends.turnBroke);
    const { value, context } = thread.actor.getSnapshot();
    expect([value, context.error, thread.ran()]).toEqual(['running', failure, ['a', 'b']]);
    thread.actor.stop();
  });

  test.each([
    { name: 'until one is started by hand, before the others', take: [submitFirst('b')], ran: ['a', 'b', 'c'] },
    { name: 'until another prompt is sent, which runs first', take: [submitFirst('d')], ran: ['a', 'd', 'b'] },
    { name: 'and another one that is put in line waits too', take: [submit('d')], ran: ['a'] },
    {
      name: 'and are free again when the last was withdrawn',
      take: [{ type: 'withdraw', promptId: 'b' }, { type: 'withdraw', promptId: 'c' }, submit('d')],
      ran: ['a', 'd'],
    },
  ] as const)('are held when a person stopped the turn, $name', ({ take, ran }) => {
    const thread = startThread();
    thread.take(ends.loaded, submit('a'), submit('b'), submit('c'), ends.turnStopped);
    expect([thread.actor.getSnapshot().value, thread.waiting()]).toEqual(['idle', ['b', 'c']]);
    thread.take(...take);
    if (thread.actor.getSnapshot().matches('running')) thread.take(ends.turnEnded);
    expect(thread.ran()).toEqual(ran);
    thread.actor.stop();
  });

  test('stay when the thread is let go: the turn ends, no other one starts', () => {
    const thread = startThread();
    thread.take(ends.loaded, submit('a'), submit('b'), events.unload, ends.turnEnded);
    expect([thread.actor.getSnapshot().value, thread.ran(), thread.waiting()]).toEqual(['closing', ['a'], ['b']]);
    thread.take(ends.closed);
    expect(thread.actor.getSnapshot().status).toBe('done');
  });

  test('come after a turn that waited for a person when the daemon ended', () => {
    const thread = startThread();
    thread.take(submit('a'), ends.loadedOpen);
    const [first] = thread.effects.records.filter(({ effect }) => effect === 'turn');
    expect(first?.input).toEqual({ turnId: 'turn-open', promptId: 'open', reopened: reopened.calls });
    thread.take(ends.turnEnded, ends.turnEnded);
    expect(thread.ran()).toEqual(['open', 'a']);
    thread.actor.stop();
  });

  test('stay when a turn is let go that only waits for a person: it is stopped, and no end of it is told', () => {
    const thread = startThread();
    thread.take(ends.loaded, submit('a'), submit('b'), events.unload, events.suspend);
    expect([thread.actor.getSnapshot().value, thread.ran(), thread.waiting()]).toEqual(['closing', ['a'], ['b']]);
    expect(thread.effects.records.filter(({ effect }) => effect === 'turn').map(({ did }) => did)).toEqual([
      'started',
      'stopped',
    ]);
    thread.actor.stop();
  });

  test('nothing of a turn is passed on when none runs, everything when one does', () => {
    const thread = startThread();
    const ofTurn = [events.steer, events.historyGrew, events.interrupt, events.answered, events.storeFailed];
    thread.take(ends.loaded, ...ofTurn, submit('a'), ...ofTurn, ends.turnEnded, ...ofTurn);
    const seen = thread.effects.records.filter(({ effect }) => effect === 'turn').map(({ did }) => did);
    expect(seen).toEqual(['started', 'steer', 'historyGrew', 'interrupt', 'answered', 'storeFailed']);
    thread.actor.stop();
  });
});
