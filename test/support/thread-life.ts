import { completedItem } from '../../daemon/actors/record-item.ts';
import { displayCommand } from '../../machines/exec/shell-command.ts';
import { type ResponseItem, textMessage } from '../../machines/model/response-item.ts';
import type { ThreadNotification } from '../../machines/protocol/index.ts';
import type { ItemOf, ThreadItem } from '../../machines/protocol/types/item.ts';
import type { Turn, TurnStatus } from '../../machines/protocol/types/thread.ts';
import type { LinePayload } from '../../machines/thread/rollout-line.ts';
import fc from './fast-check.ts';
import { THREAD_ID, thisClient } from './thread-fixtures.ts';

/** Arbitrary lives of a thread, as the lines of its log and as the events that its clients heard. */

const text = fc.string({ unit: 'grapheme', maxLength: 20 });
const words = text.filter((given) => given !== '');
const ending = fc.constantFrom('completed' as const, 'failed' as const, 'declined' as const);

const deed = fc.oneof(
  fc.record({ do: fc.constant('say' as const), text: words, isCut: fc.boolean() }),
  fc.record({ do: fc.constant('think' as const), text: words, isCut: fc.boolean() }),
  fc.record({ do: fc.constant('steer' as const), text: words }),
  fc.record({
    do: fc.constant('call' as const),
    tool: fc.constantFrom('command' as const, 'patch' as const, 'plan' as const),
    text: words,
    /** A server may use an id again. */
    reusesId: fc.boolean(),
  }),
  fc.record({ do: fc.constant('settle' as const), which: fc.nat(3), ending, text, isBackground: fc.boolean() }),
);
const turnLife = fc.record({
  prompt: words,
  deeds: fc.array(deed, { maxLength: 8 }),
  ends: fc.constantFrom('completed' as const, 'interrupted' as const, 'failed' as const),
});

type Deed = typeof deed extends fc.Arbitrary<infer D> ? D : never;

interface OpenCall {
  readonly callId: string;
  readonly turnId: string;
  readonly item: ItemOf<'commandExecution'> | ItemOf<'fileChange'> | null;
}

/** Writes down what the daemon would: first the lines, then the events. Every step takes a millisecond. */
class Life {
  readonly lines: LinePayload[] = [];
  readonly events: ThreadNotification[] = [];
  private now = 1_000_000;
  private count = 0;
  private turnId = '';
  private startedAt = 0;
  private calls: OpenCall[] = [];
  private half: ItemOf<'agentMessage'>[] = [];
  private readonly background: OpenCall[] = [];

  constructor() {
    const meta = { cwd: '/repo', originator: 'x', cli_version: '0', source: 'cli', model_provider: 'p' };
    this.lines.push({
      type: 'session_meta',
      payload: { id: THREAD_ID, timestamp: '2026-01-01T00:00:00.000Z', ...meta },
    });
  }

  start(prompt: string): void {
    this.turnId = this.id('turn');
    this.startedAt = this.tick();
    const started_at = Math.floor(this.startedAt / 1000);
    this.lines.push({ type: 'event_msg', payload: { type: 'task_started', turn_id: this.turnId, started_at } });
    const turn: Turn = {
      id: this.turnId,
      items: [],
      itemsView: 'notLoaded',
      status: 'inProgress',
      error: null,
      startedAt: started_at,
    };
    this.events.push({ method: 'turn/started', params: { threadId: THREAD_ID, turn } });
    this.prompt(prompt);
  }

  act(deed: Deed): void {
    switch (deed.do) {
      case 'say':
        return this.say(deed.text, deed.isCut);
      case 'think':
        return this.think(deed.text, deed.isCut);
      case 'steer':
        return this.prompt(deed.text);
      case 'call':
        return this.call(deed);
      case 'settle':
        return this.settle(this.calls[deed.which], deed);
    }
  }

  /** As the daemon ends a turn: the calls first, then the half answers, then the turn. */
  end(status: Exclude<TurnStatus, 'inProgress'>): void {
    for (const call of [...this.calls])
      this.settle(call, { ending: 'failed', text: 'aborted by user', isBackground: false });
    for (const item of this.half) this.complete(item);
    this.half = [];
    const error = status === 'failed' ? { message: 'no more' } : null;
    const times = { completed_at: Math.floor(this.tick() / 1000), duration_ms: this.now - this.startedAt };
    const of = { turn_id: this.turnId, ...times };
    if (error) this.lines.push({ type: 'codex_daemon', payload: { kind: 'turnFailed', turnId: this.turnId, error } });
    if (status === 'interrupted') {
      this.remember(textMessage('user', '<turn_aborted>'));
      this.lines.push({ type: 'event_msg', payload: { type: 'turn_aborted', reason: 'interrupted', ...of } });
    } else this.lines.push({ type: 'event_msg', payload: { type: 'task_complete', last_agent_message: null, ...of } });
    const turn: Turn = {
      id: this.turnId,
      items: [],
      itemsView: 'summary',
      status,
      error,
      completedAt: times.completed_at,
      durationMs: times.duration_ms,
    };
    this.events.push({ method: 'turn/completed', params: { threadId: THREAD_ID, turn } });
  }

  /** Commands that went on in the background end at last. */
  endBackground(): void {
    for (const { item, turnId } of this.background)
      if (item) this.complete(endedItem(item, 'completed', 'late'), turnId);
  }

  private prompt(prompt: string): void {
    const clientId = this.id('prompt');
    const content = [
      { type: 'text' as const, text: prompt },
      { type: 'image' as const, url: 'data:,' },
    ];
    const item = { type: 'userMessage' as const, id: this.id('user'), content, clientId, sentBy: thisClient };
    this.remember(textMessage('user', prompt));
    this.complete(this.show(item));
  }

  private say(answer: string, isCut: boolean): void {
    const item = this.show({ type: 'agentMessage' as const, id: this.id('message'), text: '' });
    const params = { threadId: THREAD_ID, turnId: this.turnId, itemId: item.id, delta: answer };
    this.events.push({ method: 'item/agentMessage/delta', params });
    if (isCut) {
      this.half.push({ ...item, text: answer });
      return;
    }
    this.remember({
      type: 'message',
      id: item.id,
      role: 'assistant',
      content: [{ type: 'output_text', text: answer }],
    });
    this.complete({ ...item, text: answer });
  }

  private think(thought: string, isCut: boolean): void {
    const item = this.show({ type: 'reasoning' as const, id: this.id('reasoning'), summary: [], content: [] });
    if (isCut) return;
    this.remember({ type: 'reasoning', id: item.id, summary: [{ type: 'summary_text', text: thought }] });
    this.complete({ ...item, summary: [thought], content: [thought] });
  }

  private call({ tool, text: given, reusesId }: Extract<Deed, { do: 'call' }>): void {
    const isOpen = [...this.calls, ...this.background].some((open) => open.callId === 'call');
    const callId = tool === 'plan' && reusesId && !isOpen ? 'call' : this.id('call');
    if (tool === 'patch')
      this.remember({ type: 'custom_tool_call', call_id: callId, name: 'apply_patch', input: given });
    else
      this.remember({ type: 'function_call', call_id: callId, name: tool, arguments: JSON.stringify({ cmd: given }) });
    const item = tool === 'plan' ? null : this.startItem(callId, tool, given);
    this.calls.push({ callId, turnId: this.turnId, item });
  }

  private startItem(callId: string, tool: 'command' | 'patch', given: string): NonNullable<OpenCall['item']> {
    const item = tool === 'command' ? commandItem(callId, given) : patchItem(callId, given);
    const payload = { kind: 'intent', turnId: this.turnId, callId, item } as const;
    this.lines.push({ type: 'codex_daemon', payload });
    return this.show(item);
  }

  private settle(
    call: OpenCall | undefined,
    how: Pick<Extract<Deed, { do: 'settle' }>, 'ending' | 'text' | 'isBackground'>,
  ): void {
    if (!call) return;
    this.calls = this.calls.filter((open) => open !== call);
    if (call.item?.type === 'commandExecution' && how.isBackground) this.background.push(call);
    else if (call.item) this.complete(endedItem(call.item, how.ending, how.text));
    const type = call.item?.type === 'fileChange' ? 'custom_tool_call_output' : 'function_call_output';
    this.remember({ type, call_id: call.callId, output: how.text });
  }

  private show<Item extends ThreadItem>(item: Item): Item {
    const startedAtMs = this.tick();
    const shown = { ...item, startedAtMs };
    this.events.push({
      method: 'item/started',
      params: { threadId: THREAD_ID, turnId: this.turnId, item: shown, startedAtMs },
    });
    return shown;
  }

  private complete(item: ThreadItem, turnId = this.turnId): void {
    const { lines, event } = completedItem(THREAD_ID, turnId, item, this.tick());
    this.lines.push(...lines);
    this.events.push(event);
  }

  private remember(payload: ResponseItem): void {
    this.lines.push({ type: 'response_item', payload });
  }

  private tick(): number {
    this.now += 1;
    return this.now;
  }

  private id(kind: string): string {
    this.count += 1;
    return `${kind}-${this.count}`;
  }
}

const commandItem = (id: string, cmd: string): ItemOf<'commandExecution'> => ({
  type: 'commandExecution',
  id,
  command: displayCommand(['/bin/bash', '-c', cmd]),
  cwd: '/repo/a b#c?d%e',
  status: 'inProgress',
  commandActions: [{ type: 'unknown', command: cmd }],
  aggregatedOutput: null,
  exitCode: null,
  durationMs: null,
  processId: '123',
  source: 'unifiedExecStartup',
});

const patchItem = (id: string, diff: string): ItemOf<'fileChange'> => ({
  type: 'fileChange',
  id,
  changes: [
    { path: '/repo/a.txt', kind: { type: 'update', move_path: '/repo/b.txt' }, diff },
    { path: '/repo/c.txt', kind: { type: 'update', move_path: null }, diff },
    { path: '/repo/new.txt', kind: { type: 'add' }, diff },
    { path: '/repo/old.txt', kind: { type: 'delete' }, diff },
  ],
  status: 'inProgress',
});

function endedItem(
  item: NonNullable<OpenCall['item']>,
  status: 'completed' | 'failed' | 'declined',
  output: string,
): ThreadItem {
  if (item.type === 'fileChange') return { ...item, status };
  return { ...item, status, aggregatedOutput: output, exitCode: status === 'completed' ? 0 : null, durationMs: 1_234 };
}

/** A thread's life of up to three turns, all ended. */
export const threadLife = fc
  .array(turnLife, { minLength: 1, maxLength: 3 })
  .map((turns): { readonly lines: readonly LinePayload[]; readonly events: readonly ThreadNotification[] } => {
    const life = new Life();
    for (const { prompt, deeds, ends } of turns) {
      life.start(prompt);
      for (const one of deeds) life.act(one);
      life.end(ends);
    }
    life.endBackground();
    return { lines: life.lines, events: life.events };
  });
