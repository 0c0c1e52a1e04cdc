import type { Presence, Thread } from '../../../machines/protocol/types/thread.ts';
import type { Model } from '../model.ts';
import type { StyleName } from '../theme.ts';
import { ago, shortPath } from '../view/describe.ts';
import { type Line, type Span, span } from '../view/line.ts';
import { sanitizeRow } from '../view/sanitize.ts';
import { truncate } from '../view/width.ts';
import type { Overlay } from './overlay.ts';
import { createPicker } from './picker.ts';

const MAX_LABEL_COLUMNS = 48;

/** Chooses another thread: newest first, with those that work or wait and who is attached. */
export function createThreadPicker(
  threads: readonly Thread[],
  presence: Readonly<Record<string, readonly Presence[]>>,
  model: Model,
): Overlay {
  return createPicker({
    id: 'threadPicker',
    title: 'Threads',
    empty: 'no stored threads yet',
    chosen: 0,
    choices: threads.map((thread) => ({
      label: truncate(sanitizeRow(thread.name ?? thread.preview) || thread.id, MAX_LABEL_COLUMNS),
      detail: detailOf(thread, presence[thread.id] ?? [], model),
      choose: () => (thread.id === model.threadId ? [] : [{ type: 'openThread', threadId: thread.id } as const]),
    })),
  });
}

function detailOf(thread: Thread, attached: readonly Presence[], model: Model): Line {
  const state = stateOf(thread);
  const who = attached.length === 0 ? [] : [span(`${attached.length} attached `, 'accent')];
  const here = thread.id === model.threadId ? [span('this one ', 'dim')] : [];
  const when = ago(model.nowMs - (thread.recencyAt ?? thread.updatedAt) * 1000);
  return [...state, ...who, ...here, span(`${when} ${shortPath(thread.cwd, model.home)}`, 'dim')];
}

function stateOf({ status }: Thread): Span[] {
  const mark = (text: string, style: StyleName): Span[] => [span(`${text} `, style)];
  if (status.type === 'systemError') return mark('failed', 'bad');
  if (status.type !== 'active') return [];
  return status.activeFlags.length > 0 ? mark('waits for an answer', 'warning') : mark('working', 'working');
}
