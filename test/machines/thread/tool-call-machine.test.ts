import { describe, expect, test } from 'vitest';
import { createActor, fromCallback, SimulatedClock } from 'xstate';
import type { CallFacts } from '../../../machines/policy/approval.ts';
import type { ApprovalDecision } from '../../../machines/protocol/types/approval.ts';
import type { ApprovalPolicy } from '../../../machines/protocol/types/policy.ts';
import type { CallOutcome, ToolCall, ToolCallReport } from '../../../machines/thread/tool-call.ts';
import {
  STOP_TOOL_TIMEOUT_MS,
  type ToolCallEvent,
  type ToolCallInput,
  toolCallMachine,
} from '../../../machines/thread/tool-call-machine.ts';
import {
  ended,
  failed,
  type MachineModel,
  passed,
  type ScriptedEffects,
  type Step,
  sent,
  startScripted,
  unhandledEvents,
  type Walked,
  walkMachine,
} from '../../support/machine-coverage.ts';

const PREPARE = '0.toolCall.deciding.preparing';
const call: ToolCall = { callId: 'call-1', name: 'exec_command', kind: 'function', input: '{"cmd":"ls"}' };
const good: CallOutcome = { output: 'a.txt', ok: true };
const bad: CallOutcome = { output: 'exit code 2', ok: false };

const command = (changes: Partial<Extract<CallFacts, { kind: 'command' }>> = {}): CallFacts => ({
  kind: 'command',
  asksEscalation: false,
  isDangerous: false,
  fullAccess: false,
  isGranted: false,
  shown: 'ls',
  ...changes,
});
const ready = (facts: CallFacts, name: string): Step => ended(PREPARE, { type: 'ready', facts }, name);

const answers: readonly ApprovalDecision[] = ['accept', 'acceptForSession', 'decline', 'cancel'];
const answered = answers.map((decision) => sent({ type: 'answered', decision } satisfies ToolCallEvent, decision));
const interrupt = sent({ type: 'interrupt' } satisfies ToolCallEvent);

const prepared = {
  runs: ready(command(), 'runs'),
  runsOutside: ready(command({ fullAccess: true }), 'runs outside'),
  asks: ready(command({ isDangerous: true }), 'asks'),
  asksThenOutside: ready(command({ asksEscalation: true }), 'asks, then outside'),
  isAnswered: ended(PREPARE, { type: 'answered', output: 'bad arguments' }, 'is answered at once'),
  breaks: failed(PREPARE, new Error('no such folder'), 'preparing broke'),
} as const satisfies Readonly<Record<string, Step>>;

const ASK = '0.toolCall.awaitingApproval.asking';
const REVIEW = '0.toolCall.awaitingApproval.reviewing';
const question = {
  asked: ended(ASK, undefined, 'was asked'),
  notKept: failed(ASK, new Error('the question could not be kept'), 'could not be asked'),
} as const satisfies Readonly<Record<string, Step>>;
/** What looking again at a call finds that an earlier daemon asked about. */
const reviewed = {
  asBefore: ended(REVIEW, { type: 'ready', facts: command() }, 'is as before'),
  changed: ended(REVIEW, { type: 'answered', output: 'the files changed' }, 'has changed'),
  breaks: failed(REVIEW, new Error('no such folder'), 'reviewing broke'),
} as const satisfies Readonly<Record<string, Step>>;

/** The ends of a tool, by the state that runs it. */
const toolEnds = (state: 'running' | 'escalating') => {
  const id = `0.toolCall.${state}`;
  return [ended(id, good, 'went well'), ended(id, bad, 'went badly'), failed(id, new Error('spawn failed'), 'broke')];
};
const ends = { running: toolEnds('running'), escalating: toolEnds('escalating') };
const late = {
  running: passed('stopTimeout', 'toolCall.running.stopping', STOP_TOOL_TIMEOUT_MS),
  escalating: passed('stopTimeout', 'toolCall.escalating.stopping', STOP_TOOL_TIMEOUT_MS),
};

/** A turn that only listens. */
function startListener() {
  const reports: ToolCallReport[] = [];
  const turn = createActor(
    fromCallback<ToolCallReport>(({ receive }) => receive((report) => reports.push(report))),
  ).start();
  return { reports, turn };
}

const ACTIONS = ['rememberGrant', 'stopTool', 'recordOutcome'] as const;
const ACTORS = ['prepareCall', 'askPerson', 'runTool'] as const;

function modelWith(
  approvalPolicy: ApprovalPolicy,
  listener = startListener(),
  asked: ToolCallInput['asked'] = null,
): MachineModel<typeof toolCallMachine> {
  return {
    input: { call, approvalPolicy, turn: listener.turn, asked },
    provide: (effects: ScriptedEffects) =>
      toolCallMachine.provide({
        actors: Object.fromEntries(ACTORS.map((name) => [name, effects.logic(name)])),
        actions: Object.fromEntries(ACTIONS.map((name) => [name, effects.action(name)])),
      }),
    facts: ({ context }) => [context.decision, context.outcome, context.isPrepared, context.isForThread],
    steps: (snapshot) => [
      ...answered,
      interrupt,
      ...(snapshot.matches('deciding') ? Object.values(prepared) : []),
      ...(snapshot.matches({ awaitingApproval: 'asking' }) ? [question.asked, question.notKept] : []),
      ...(snapshot.matches({ awaitingApproval: 'reviewing' }) ? Object.values(reviewed) : []),
      ...(snapshot.matches('running') ? ends.running : []),
      ...(snapshot.matches('escalating') ? ends.escalating : []),
      ...(snapshot.matches({ running: 'stopping' }) ? [late.running] : []),
      ...(snapshot.matches({ escalating: 'stopping' }) ? [late.escalating] : []),
    ],
    check: ({ steps, snapshot, effects }) => {
      const outcomes = effects.records.filter(({ effect }) => effect === 'recordOutcome');
      const isOver = snapshot.status === 'done';
      // One output for each call that ended, under the name of its end; none before.
      expect([steps, outcomes.map(({ input }) => input)]).toEqual([steps, isOver ? [{ ending: snapshot.value }] : []]);
      if (isOver) expect(snapshot.context.outcome.output).not.toBe('');
      const ran = effects.records.filter(({ effect, did }) => effect === 'runTool' && did === 'started');
      expect(ran.length).toBeLessThanOrEqual(1);
      if ((steps.includes('asks') || asked) && !steps.some((step) => step.startsWith('accept')))
        expect(ran).toEqual([]);
    },
  };
}

describe('the tool call machine', () => {
  test('every state is reached and every transition taken, alike by chart and actor', () => {
    const asking = walkMachine(modelWith('on-request'));
    const neverAsking = walkMachine(modelWith('never'));
    const wasAsked = [true, false].map((thenOutside) =>
      walkMachine(modelWith('on-request', startListener(), { thenOutside })),
    );
    const all = [asking, neverAsking, ...wasAsked];
    const byAll = (of: (walked: Walked) => readonly string[]) =>
      of(asking).filter((id) => all.every((walked) => of(walked).includes(id)));
    expect(all.flatMap(({ mismatches }) => mismatches)).toEqual([]);
    expect([byAll(({ unreached }) => unreached), byAll(({ untaken }) => untaken)]).toEqual([[], []]);
    // Only a policy that asks nobody refuses, and then nobody is asked; only what was asked before is looked at again.
    expect(asking.untaken).toContain('toolCall.deciding.judging on always [3]');
    expect(asking.unreached).toEqual(['toolCall.awaitingApproval.reviewing']);
    expect(neverAsking.unreached).toContain('toolCall.awaitingApproval');
    for (const { unreached } of wasAsked) expect(unreached).toContain('toolCall.awaitingApproval.asking');
    expect(asking.walks).toBeGreaterThan(60);
  });

  test('every event is handled or knowingly ignored in every state', () => {
    const types = { answered: null, interrupt: null } satisfies Record<ToolCallEvent['type'], null>;
    expect(unhandledEvents(toolCallMachine, Object.keys(types))).toEqual({
      'deciding.preparing': ['answered'],
      // An answer needs a question that was told, and is taken once.
      'awaitingApproval.asking': ['answered'],
      'awaitingApproval.open': [],
      'awaitingApproval.reviewing': ['answered'],
      'running.working': ['answered'],
      // A stop is under way already.
      'running.stopping': ['answered', 'interrupt'],
      'escalating.working': ['answered'],
      'escalating.stopping': ['answered', 'interrupt'],
    });
  });
});

const settled = (cancelsTurn = false): ToolCallReport => ({ type: 'callSettled', callId: call.callId, cancelsTurn });
const waiting: ToolCallReport = { type: 'callWaiting', callId: call.callId };
const resumed: ToolCallReport = { type: 'callResumed', callId: call.callId };
const [accept, acceptForSession, decline, cancel] = answered as [Step, Step, Step, Step];
const [wentWell, wentBadly, broke] = ends.running as [Step, Step, Step];
const [, outsideBadly] = ends.escalating as [Step, Step, Step];

describe('what the model reads, and what the turn hears', () => {
  test.each([
    { name: 'a command that went well', take: [prepared.runs, wentWell], output: 'a.txt', ending: 'completed' },
    { name: 'a command that went badly', take: [prepared.runs, wentBadly], output: 'exit code 2', ending: 'failed' },
    { name: 'a tool that broke', take: [prepared.runs, broke], output: 'spawn failed', ending: 'failed' },
    { name: 'bad arguments', take: [prepared.isAnswered], output: 'bad arguments', ending: 'failed' },
    { name: 'a look at the call that broke', take: [prepared.breaks], output: 'no such folder', ending: 'failed' },
    {
      name: 'a question that was accepted',
      take: [prepared.asks, question.asked, accept, wentWell],
      output: 'a.txt',
      ending: 'completed',
      reports: [waiting, resumed, settled()],
      did: ['prepareCall', 'askPerson', 'runTool', 'recordOutcome'],
    },
    {
      name: 'one accepted for the rest of the thread, outside the sandbox',
      take: [prepared.asksThenOutside, question.asked, acceptForSession, outsideBadly],
      output: 'exit code 2',
      ending: 'failed',
      reports: [waiting, resumed, settled()],
      did: ['prepareCall', 'askPerson', 'rememberGrant', 'runTool', 'recordOutcome'],
    },
    {
      name: 'one that was declined',
      take: [prepared.asks, question.asked, decline],
      output: 'rejected by user',
      ending: 'declined',
      reports: [waiting, resumed, settled()],
      did: ['prepareCall', 'askPerson', 'recordOutcome'],
    },
    {
      name: 'one that was cancelled, which ends the turn',
      take: [prepared.asks, question.asked, cancel],
      output: 'rejected by user',
      ending: 'declined',
      reports: [waiting, resumed, settled(true)],
      did: ['prepareCall', 'askPerson', 'recordOutcome'],
    },
  ])('$name', ({ take, output, ending, reports, did }) => {
    const end = runCall('on-request', take);
    expect({ value: end.value, output: end.output }).toEqual({ value: ending, output });
    expect(end.reports).toEqual(reports ?? [settled()]);
    if (did) expect(end.did).toEqual(did);
  });

  test('a question that cannot be kept is not asked: the call fails and says why', () => {
    const end = runCall('on-request', [prepared.asks, question.notKept]);
    expect(end).toMatchObject({
      value: 'failed',
      output: 'the question could not be kept',
      reports: [settled()],
      did: ['prepareCall', 'askPerson', 'recordOutcome'],
    });
  });

  test.each([
    { name: 'accepted', take: [accept, reviewed.asBefore, wentWell], output: 'a.txt', ran: [false] },
    {
      name: 'accepted, outside the sandbox',
      thenOutside: true,
      take: [accept, reviewed.asBefore, outsideBadly],
      output: 'exit code 2',
      ran: [true],
    },
    {
      name: 'accepted for the rest of the thread',
      take: [acceptForSession, reviewed.asBefore, wentWell],
      output: 'a.txt',
      ran: [false],
      granted: true,
    },
    { name: 'accepted, but changed since', take: [accept, reviewed.changed], output: 'the files changed', ran: [] },
    { name: 'declined without a look', take: [decline], output: 'rejected by user', ran: [] },
    { name: 'interrupted while it is looked at', take: [accept, interrupt], output: 'aborted by user', ran: [] },
  ])('asked before a restart: it is not asked again; $name', ({ thenOutside = false, take, output, ran, granted }) => {
    const end = runCall('on-request', take, { thenOutside });
    expect([end.isOver, end.output, end.reports[0], end.did.includes('askPerson')]).toEqual([
      true,
      output,
      waiting,
      false,
    ]);
    expect(end.runs.map((input) => (input as { outside: boolean }).outside)).toEqual(ran);
    expect(end.did.includes('rememberGrant')).toBe(granted === true);
  });

  test('a dangerous command under the policy never is refused with the reason', () => {
    const end = runCall('never', [prepared.asks]);
    expect(end).toMatchObject({ value: 'failed', reports: [settled()], did: ['prepareCall', 'recordOutcome'] });
    expect(end.output).toContain('`ls` was rejected');
  });

  test.each([
    { name: 'being looked at', take: [], did: ['prepareCall', 'recordOutcome'], output: 'aborted by user' },
    {
      name: 'waiting for a person',
      take: [prepared.asks, question.asked],
      did: ['prepareCall', 'askPerson', 'recordOutcome'],
      output: 'aborted by user',
    },
    {
      name: 'running, when the tool hands over what it had',
      take: [prepared.runs],
      later: [wentBadly],
      did: ['prepareCall', 'runTool', 'stopTool', 'recordOutcome'],
      output: 'exit code 2',
    },
    {
      name: 'running, when the tool never ends',
      take: [prepared.runs],
      later: [late.running],
      did: ['prepareCall', 'runTool', 'stopTool', 'recordOutcome'],
      output: 'aborted by user',
    },
    {
      name: 'running outside the sandbox, when the tool never ends',
      take: [prepared.runsOutside],
      later: [late.escalating],
      did: ['prepareCall', 'runTool', 'stopTool', 'recordOutcome'],
      output: 'aborted by user',
    },
  ])('interrupted while $name, it ends with an output', ({ take, later, did, output }) => {
    const end = runCall('on-request', [...take, interrupt, interrupt, ...(later ?? [])]);
    expect({ isOver: end.isOver, output: end.output, did: end.did }).toEqual({ isOver: true, output, did });
    expect(end.reports.at(-1)).toEqual(settled());
  });

  test('without its effects a call fails and names what is missing', async () => {
    const { turn } = startListener();
    const actor = createActor(toolCallMachine, {
      input: { call, approvalPolicy: 'never', turn, asked: null },
      clock: new SimulatedClock(),
    }).start();
    await new Promise((resolve) => setImmediate(resolve));
    expect(actor.getSnapshot().context.outcome.output).toBe('effect prepareCall was not provided');
  });
});

function runCall(policy: ApprovalPolicy, steps: readonly Step[], asked: ToolCallInput['asked'] = null) {
  const listener = startListener();
  const { actor, clock, effects } = startScripted(modelWith(policy, listener, asked));
  for (const step of steps) if (actor.getSnapshot().status === 'active') step.perform(actor, clock);
  const { value, status, context } = actor.getSnapshot();
  actor.stop();
  const { output } = context.outcome;
  const runs = effects.records.flatMap(({ effect, did, input }) =>
    effect === 'runTool' && did === 'started' ? [input] : [],
  );
  return { value, isOver: status === 'done', output, reports: listener.reports, did: effects.names, runs };
}
