import { describe, expect, test } from 'vitest';
import type { Model, ModelStart } from '../../../../client/tui/model.ts';
import type { OpenApproval } from '../../../../machines/protocol/types/approval.ts';
import {
  elicitationOf,
  otherClient,
  snapshotWith,
  THREAD_ID,
  TURN_ID,
  turnOf,
  userMessage,
} from '../../../support/thread-fixtures.ts';
import { frameText, happen, modelOf, press, run, type } from '../model-fixtures.ts';

const NOW = 1_000_000;
const asking = (open: OpenApproval = elicitationOf(), changes: Partial<ModelStart> = {}): Model =>
  modelOf({
    snapshot: {
      ...snapshotWith([turnOf([userMessage('go')], { status: 'inProgress' })]),
      approvals: [open],
    },
    ...changes,
  });
const answer = (decision: string, content?: object) => [
  { type: 'answerApproval', approvalId: 'approval-1', decision, ...(content ? { content } : {}) },
];
const keys = (...names: string[]) => press(NOW, ...names);
const toSend = keys('down', 'down', 'down', 'down', 'down', 'enter');

const url = elicitationOf({
  form: {
    type: 'mcpUrl',
    server: 'box',
    message: 'Sign in there',
    url: 'https://example.test/in?x=\u001b[31m1',
    elicitationId: 'e1',
  },
});
const confirm = elicitationOf({
  form: { type: 'mcpForm', server: 'box', message: 'Really?', schema: { type: 'object', properties: {} } },
});

describe('the form of an MCP server', () => {
  test.each([
    {
      name: 'is sent with what the server proposes',
      events: [...type('Al'), ...toSend],
      content: { name: 'Al', sure: true },
    },
    {
      name: 'takes words, numbers and choices, and enter goes on',
      events: [
        ...[...type('Al'), ...keys('enter')],
        ...[...type('7'), ...keys('enter')],
        ...keys('right', 'enter'),
        ...keys('right', 'enter'),
        ...keys('right', ' ', 'enter', 'enter'),
      ],
      content: { name: 'Al', age: 7, color: 'red', sure: false, pets: ['d'] },
    },
    {
      name: 'chooses by number, and lets go again',
      events: [...type('Al'), ...keys('down', 'down', '2', 'down', '2', 'right', 'down', '1', '1', 'down', 'enter')],
      content: { name: 'Al', color: 'blue' },
    },
    {
      name: 'steps round its ends, backwards too',
      events: [...type('Al'), ...keys('down', 'down', 'left', 'down', 'left', 'down', 'left', ' ', 'tab', 'y')],
      content: { name: 'Al', color: 'blue', pets: ['d'] },
    },
    {
      name: 'is mended with backspace and ctrl+u, and takes a paste',
      events: [
        ...type('Bo'),
        ...keys('backspace', 'ctrl+u'),
        { type: 'input', event: { type: 'paste', text: 'two\nlines' }, atMs: NOW },
        ...toSend,
      ],
      content: { name: 'two lines', sure: true },
    },
  ] as const)('$name', ({ events, content }) => {
    expect(run(asking(), ...events).effects).toEqual(answer('accept', content));
  });

  test.each([
    { name: 'nothing', typed: '', says: 'field `name`: it needs at least 2 characters' },
    { name: 'too few characters', typed: 'A', says: 'field `name`: it needs at least 2 characters' },
  ])('is not sent with $name in it, and says why', ({ typed, says }) => {
    const { model, effects } = run(asking(), ...type(typed), ...toSend);
    expect(effects).toEqual([]);
    expect(frameText(model)).toContain(says);
    const mended = run(model, ...keys('down', 'down', ...'Alan'.split('')), ...toSend);
    expect(mended.effects).toEqual(answer('accept', { name: `${typed}Alan`, sure: true }));
  });

  test('a number that is none is not sent', () => {
    const { model, effects } = run(asking(), ...type('Al'), ...keys('down', 'x', 'down', 'down', 'down', 'down', 'y'));
    expect(effects).toEqual([]);
    expect(frameText(model)).toMatch(/field `age`: Invalid type/);
  });

  test('is declined by its last row, dismissed by esc; esc first takes back what was written', () => {
    expect(run(asking(), ...keys('up', 'enter')).effects).toEqual(answer('decline'));
    expect(run(asking(), ...keys('escape')).effects).toEqual(answer('cancel'));
    expect(run(asking(), ...type('words'), ...keys('escape')).effects).toEqual([]);
    expect(run(asking(), ...type('words'), ...keys('escape', 'escape')).effects).toEqual(answer('cancel'));
  });

  test('an answer is sent once; after a failure it can be sent again', () => {
    const sent = run(asking(), ...keys('up', 'enter', 'enter', 'escape'));
    expect(sent.effects).toEqual(answer('decline'));
    const failed = { type: 'approvalFailed', approvalId: 'approval-1', isSettled: false, why: 'timed out' } as const;
    const again = run(sent.model, failed);
    expect(frameText(again.model)).toContain('timed out');
    expect(run(again.model, ...keys('enter')).effects).toEqual(answer('decline'));
  });

  test('gets no keys from observers', () => {
    const model = asking(undefined, { role: 'observer' });
    expect(run(model, ...type('Al'), ...keys('up', 'enter', 'escape')).effects).toEqual([]);
    expect(frameText(model)).toContain('An operator has to answer.');
  });

  test('closes when somebody answered, and the transcript tells who and what', () => {
    const outcome = {
      approvalId: 'approval-1',
      threadId: THREAD_ID,
      turnId: TURN_ID,
      itemId: 'call-1',
      decision: 'accept',
      content: { name: 'Al', pets: ['c', 'd'] },
      by: otherClient,
      waitedMs: 2100,
      resolvedAtMs: 500,
    } as const;
    const model = happen(asking(), { method: 'approval/resolved', params: outcome });
    expect(model.overlays).toEqual([]);
    expect(frameText(model)).toContain('✔ answered by codex-tui on /dev/pts/4 (pid 456) after 2.1 s: Al · c, d');
  });
});

describe('a question of an MCP server without fields', () => {
  test.each([
    { key: 'y', effects: answer('accept', {}) },
    { key: 'enter', effects: answer('accept', {}) },
    { key: 'n', effects: answer('decline') },
    { key: 'escape', effects: answer('cancel') },
    { key: 'x', effects: [] },
  ])('$key answers it', ({ key, effects }) => {
    expect(run(asking(confirm), ...keys(key)).effects).toEqual(effects);
  });

  test('shows an address as it is, and asks whether it is gone to', () => {
    const text = frameText(asking(url));
    expect(text).toContain('─ The MCP server box asks');
    expect(text).toContain('Sign in there');
    expect(text).toContain('https://example.test/in?x=1');
    expect(run(asking(url), ...keys('y')).effects).toEqual(answer('accept'));
    expect(run(asking(url), ...keys('down', 'enter')).effects).toEqual(answer('decline'));
  });
});
