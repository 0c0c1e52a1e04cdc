import { describe, expect, test } from 'vitest';
import { type Model, type ModelStart, runningTurn } from '../../../client/tui/model.ts';
import type { ApprovalOutcome } from '../../../machines/protocol/types/approval.ts';
import {
  agentMessage,
  approvalOf,
  command,
  emptySnapshot,
  otherClient,
  snapshotWith,
  THREAD_ID,
  TURN_ID,
  thisClient,
  turnOf,
  userMessage,
} from '../../support/thread-fixtures.ts';
import { frameText, happen, modelOf, press, run, type } from './model-fixtures.ts';

const NOW = 1_000_000;
const running = (changes: Partial<ModelStart> = {}): Model =>
  modelOf({
    snapshot: snapshotWith([turnOf([userMessage('go')], { status: 'inProgress', startedAt: 990 })]),
    ...changes,
  });

describe('questions', () => {
  const asking = (changes: Partial<ModelStart> = {}): Model =>
    running({
      snapshot: {
        ...snapshotWith([turnOf([command({ status: 'inProgress' })], { status: 'inProgress' })]),
        approvals: [approvalOf()],
      },
      ...changes,
    });
  const answer = (decision: string) => [{ type: 'answerApproval', approvalId: 'approval-1', decision }];

  test.each([
    { name: 'y accepts', keys: type('y', NOW + 5000), effects: answer('accept') },
    { name: 'enter accepts', keys: press(NOW, 'enter'), effects: answer('accept') },
    { name: 'a accepts for the thread', keys: type('a', NOW), effects: answer('acceptForSession') },
    { name: 'n declines', keys: type('n', NOW), effects: answer('decline') },
    { name: 'esc cancels', keys: press(NOW, 'escape'), effects: answer('cancel') },
    { name: 'the first key counts', keys: type('yyn', NOW), effects: answer('accept') },
    { name: 'other keys do nothing', keys: type('qx', NOW), effects: [] },
  ])('$name', ({ keys, effects }) => {
    expect(run(asking(), ...keys).effects).toEqual(effects);
  });

  test('offer only the decisions that there are', () => {
    const approvals = [approvalOf({ availableDecisions: ['accept', 'cancel'] })];
    const model = modelOf({ snapshot: { ...emptySnapshot(), approvals } });
    expect(run(model, ...type('an')).effects).toEqual([]);
    expect(frameText(model)).toContain('y/enter yes · esc no, stop the turn');
  });

  test('get no keys from observers', () => {
    const model = asking({ role: 'observer' });
    expect(run(model, ...type('yan'), ...press(NOW, 'enter', 'escape')).effects).toEqual([]);
    expect(frameText(model)).toContain('An operator has to answer.');
  });

  test('do not take the keys of somebody who is typing', () => {
    const typing = run(running(), ...type('yes, ')).model;
    const asked = happen(typing, { method: 'approval/requested', params: approvalOf() });
    const more = run(asked, ...type('y', NOW + 300), ...type('a', NOW + 600));
    expect([more.effects, more.model.composer.text]).toEqual([[], 'yes, ya']);
    expect(run(more.model, ...type('y', NOW + 1400)).effects).toEqual(answer('accept'));
  });

  test('close when they are settled, and the transcript tells by whom', () => {
    const outcome: ApprovalOutcome = {
      approvalId: 'approval-1',
      threadId: THREAD_ID,
      turnId: TURN_ID,
      itemId: 'command-1',
      decision: 'accept',
      by: otherClient,
      waitedMs: 2100,
    };
    const model = happen(asking(), { method: 'approval/resolved', params: outcome });
    expect(model.overlays).toEqual([]);
    expect(frameText(model)).toContain('✔ approved by codex-tui on /dev/pts/4 (pid 456) after 2.1 s');
    const own = happen(asking(), {
      method: 'approval/resolved',
      params: { ...outcome, decision: 'decline', by: thisClient },
    });
    expect(frameText(own)).toContain('✘ declined by you after 2.1 s');
  });

  test('follow each other', () => {
    const second = approvalOf({ approvalId: 'approval-2', command: 'rm -r build' });
    const model = happen(asking(), { method: 'approval/requested', params: second });
    expect(frameText(model)).toContain('Run this command? (1 of 2)');
    const outcome = {
      approvalId: 'approval-1',
      threadId: THREAD_ID,
      turnId: TURN_ID,
      itemId: 'command-1',
      decision: 'accept' as const,
      by: null,
      waitedMs: 1,
    };
    const next = happen(model, { method: 'approval/resolved', params: outcome });
    expect(next.overlays.map(({ subject }) => subject)).toEqual(['approval-2']);
  });

  test('can be answered again after a failure, and say who was faster', () => {
    const failed = { type: 'approvalFailed', approvalId: 'approval-1', isSettled: false, why: 'timed out' } as const;
    const again = run(asking(), ...type('y'), failed);
    expect(frameText(again.model)).toContain('timed out');
    expect(run(again.model, ...type('n')).effects).toEqual(answer('decline'));
    const late = run(asking(), ...type('y'), { ...failed, isSettled: true, why: 'already approved by codex-tui' });
    expect(frameText(late.model)).toContain('already approved by codex-tui');
  });
});

describe('the thread', () => {
  test('brings warnings as lines where they came', () => {
    const model = happen(
      running(),
      { method: 'warning', params: { threadId: THREAD_ID, message: 'odd model' } },
      {
        method: 'item/started',
        params: { threadId: THREAD_ID, turnId: TURN_ID, startedAtMs: 0, item: agentMessage('later') },
      },
    );
    expect(frameText(model)).toMatch(/› go\n⚠ odd model\n\n• later/);
  });

  test('says which MCP server failed, and nothing of those that start', () => {
    const of = (name: string) => ({ threadId: THREAD_ID, name });
    const method = 'mcpServer/startupStatus/updated' as const;
    const model = happen(
      running(),
      { method, params: { ...of('one'), status: 'starting', error: null } },
      { method, params: { ...of('one'), status: 'ready', error: null } },
      { method, params: { ...of('two'), status: 'failed', error: 'it ended with code 3' } },
    );
    expect(frameText(model)).toMatch(/› go\n⚠ MCP server two failed: it ended with code 3\n/);
    expect(frameText(model)).not.toContain('one');
  });

  test('shows a reconnect of the model, and why a turn failed', () => {
    const retry = happen(running(), {
      method: 'error',
      params: { threadId: THREAD_ID, turnId: TURN_ID, error: { message: 'Reconnecting... 1/5' }, willRetry: true },
    });
    expect(frameText(retry)).toContain('Reconnecting... 1/5');
    const failed = happen(
      retry,
      {
        method: 'error',
        params: { threadId: THREAD_ID, turnId: TURN_ID, error: { message: 'no more' }, willRetry: false },
      },
      {
        method: 'turn/completed',
        params: { threadId: THREAD_ID, turn: turnOf([], { status: 'failed', error: { message: 'no more' } }) },
      },
    );
    expect(runningTurn(failed)).toBeNull();
    expect(frameText(failed).match(/no more/g)).toHaveLength(1);
    expect(frameText(failed)).toContain('✘ turn failed: no more');
  });

  test('of another id is not listened to', () => {
    const model = modelOf();
    const update = { kind: 'snapshot', snapshot: running().snapshot, seq: 1 } as const;
    expect(run(model, { type: 'threadUpdated', threadId: 'other', update, nowMs: NOW }).model).toBe(model);
  });

  test('can be changed for another, and what was typed stays', () => {
    const typed = run(modelOf(), ...type('draft')).model;
    const { model } = run(typed, { type: 'threadOpened', threadId: 'thread-2', snapshot: running().snapshot });
    expect([model.threadId, model.composer.text, model.composer.history]).toEqual(['thread-2', 'draft', ['go']]);
  });
});

describe('the link', () => {
  test('that reconnects is told with its time, and the new id is ours too', () => {
    const { model } = run(modelOf(), {
      type: 'linkChanged',
      state: { kind: 'reconnecting', sinceMs: NOW - 3000, attempt: 2 },
      clientId: null,
    });
    expect(frameText(model)).toContain('reconnecting 3s');
    const again = run(model, ...type('still typing'), {
      type: 'linkChanged',
      state: { kind: 'connected' },
      clientId: 'client-9',
    }).model;
    expect([again.clientId, again.composer.text]).toEqual(['client-9', 'still typing']);
  });
});
