import { previewOf } from '../../../machines/protocol/prompt-text.ts';
import type { ClientTag } from '../../../machines/protocol/types/item.ts';
import type { QueuedPrompt } from '../../../machines/protocol/types/thread.ts';
import { type Effect, type Model, runningTurn } from '../model.ts';
import { isFromHere } from '../seat.ts';
import { takeBackEffect } from '../update-queue.ts';
import { ago, clientName } from '../view/describe.ts';
import { fitLine, type Line, row, type Size, span } from '../view/line.ts';
import { sanitizeRow } from '../view/sanitize.ts';
import { close, type Overlay, type OverlayOutcome } from './overlay.ts';
import { withFoot } from './scroll-area.ts';

const KEYS = '↑ ↓ choose · K J move · e take back · d drop · s start · esc close';

/** The prompts in line as they are now, whoever changes them. The chosen one is known by its id. */
export function createQueue(chosenId: string | null = null): Overlay {
  return {
    id: 'queue',
    subject: null,
    placement: 'screen',
    press: (keyName, { model }) => press(keyName, chosenId, model),
    view: ({ model }, space) => view(chosenId, model, space),
  };
}

const placeOf = (queue: readonly QueuedPrompt[], chosenId: string | null): number =>
  Math.max(
    0,
    queue.findIndex(({ promptId }) => promptId === chosenId),
  );

function press(keyName: string, chosenId: string | null, model: Model): OverlayOutcome {
  if (['escape', 'q', 'ctrl+c'].includes(keyName)) return close;
  const { queue } = model.snapshot;
  const at = placeOf(queue, chosenId);
  const chosen = queue[at];
  const stay = (id: string | null, ...effects: readonly Effect[]): OverlayOutcome => ({
    kind: 'stay',
    overlay: createQueue(id),
    effects,
  });
  if (keyName === 'up' || keyName === 'down') {
    const next = queue[at + (keyName === 'up' ? -1 : 1)];
    return stay((next ?? chosen)?.promptId ?? null);
  }
  if (!chosen || model.role === 'observer') return stay(chosenId);
  const { promptId, waitsFor } = chosen;
  switch (keyName) {
    case 'K':
    case 'J':
      return stay(promptId, ...moved(queue, at, keyName === 'K' ? -1 : 1));
    case 'd':
    case 'delete':
      return stay((queue[at + 1] ?? queue[at - 1])?.promptId ?? null, { type: 'withdrawPrompt', promptId, text: null });
    case 'e': {
      const effect = takeBackEffect(chosen);
      return effect ? { kind: 'close', effects: [effect] } : stay(promptId);
    }
    case 's': {
      const isTurnRunning = runningTurn(model) !== null;
      if (isTurnRunning && waitsFor === null) return stay(promptId);
      return { kind: 'close', effects: [{ type: 'startPrompt', promptId, isTurnRunning }] };
    }
    default:
      return stay(promptId);
  }
}

function moved(queue: readonly QueuedPrompt[], at: number, step: -1 | 1): Effect[] {
  const ids = queue.map(({ promptId }) => promptId);
  const id = ids[at];
  if (id === undefined || ids[at + step] === undefined) return [];
  return [{ type: 'orderPrompts', promptIds: ids.toSpliced(at, 1).toSpliced(at + step, 0, id) }];
}

function view(chosenId: string | null, model: Model, { columns, rows }: Size): readonly Line[] {
  const { queue, queueHeld } = model.snapshot;
  const at = placeOf(queue, chosenId);
  const held = queueHeld ? '  held, since the turn was stopped: s starts it' : '';
  const head = fitLine([span('Prompts in line', 'title'), span(held, 'warning')], columns);
  const space = Math.max(1, rows - 2);
  const first = Math.max(0, Math.min(at - Math.floor(space / 2), queue.length - space));
  const list = queue
    .slice(first, first + space)
    .map((prompt, index) => fitLine(promptLine(prompt, first + index, first + index === at, model), columns));
  const body = list.length === 0 ? [fitLine(row('  nothing is in line', 'dim'), columns)] : list;
  return withFoot([head, ...body], fitLine(row(KEYS, 'dim'), columns), rows);
}

function promptLine(prompt: QueuedPrompt, at: number, isChosen: boolean, model: Model): Line {
  const { input, sentBy, editedBy, queuedAtMs, waitsFor } = prompt;
  const own = (client: ClientTag) => isFromHere(model.seat, client);
  const from = sentBy === null ? '' : `, from ${own(sentBy) ? 'you' : clientName(sentBy)}`;
  const edited = editedBy ? `, changed by ${own(editedBy) ? 'you' : clientName(editedBy)}` : '';
  const words = previewOf(input) || '[image]';
  return [
    span(isChosen ? '› ' : '  ', 'accent'),
    span(`${at + 1} ${sanitizeRow(words)}`, isChosen ? 'selected' : 'plain'),
    span(`  ${ago(model.nowMs - queuedAtMs)}${from}${edited}`, 'dim'),
    span(waitsFor === null ? '' : '  waits for a client: s takes it', 'warning'),
  ];
}
