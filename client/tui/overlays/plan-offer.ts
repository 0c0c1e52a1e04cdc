import { toMode } from '../../../machines/protocol/types/thread.ts';
import type { Model } from '../model.ts';
import { fitLine, type Line, row, type Size, span } from '../view/line.ts';
import { wrapWithPrefix } from '../view/wrap.ts';
import { close, type Overlay, type OverlayOutcome } from './overlay.ts';

/** What is said to the model when its plan is to be carried out. */
export const CARRY_OUT = 'Carry out the plan.';

const NARROW_COLUMNS = 50;
/** The plan is read while the offer stands. */
const SCROLLING = ['pageup', 'pagedown', 'shift+up', 'shift+down', 'home', 'end', 'ctrl+home', 'ctrl+end'];

/** A plan was proposed: shall it be carried out? @param turnId the turn that proposed it */
export function createPlanOffer(turnId: string): Overlay {
  return {
    id: 'planOffer',
    subject: turnId,
    placement: 'panel',
    passes: SCROLLING,
    press: (keyName, { model }) => press(turnId, keyName, model),
    view: (_, space) => view(space),
  };
}

function press(turnId: string, keyName: string, { snapshot }: Model): OverlayOutcome {
  switch (keyName) {
    case 'y':
    case 'enter': {
      const inMode = toMode(snapshot.settings, 'default');
      const prompt = { text: CARRY_OUT, mode: 'start', turnId: null, promptId: null, inMode } as const;
      return { kind: 'close', effects: [{ type: 'sendPrompt', ...prompt }] };
    }
    case 'n':
    case 'escape':
      return close;
    default:
      return { kind: 'stay', overlay: createPlanOffer(turnId) };
  }
}

function view({ columns, rows }: Size): readonly Line[] {
  const keys = columns < NARROW_COLUMNS ? 'y yes · n not yet' : 'y/enter yes, and leave Plan mode · n/esc not yet';
  return [
    fitLine(row('─ Carry out this plan?', 'title'), columns),
    ...wrapWithPrefix([row(keys, 'accent')], columns, span('  '), span('  ')),
  ].slice(0, rows);
}

/** The turn whose plan is offered: the last one, while nothing else is under way. Null: none is. */
export function offeredPlan({ snapshot, role, echoes, composer }: Model): string | null {
  const { thread, settings, queue } = snapshot;
  const turn = thread.turns.at(-1);
  const isFree = queue.length === 0 && echoes.length === 0 && composer.text === '';
  if (turn?.status !== 'completed' || settings.mode !== 'plan' || role !== 'operator' || !isFree) return null;
  return turn.items.some(({ type }) => type === 'plan') ? turn.id : null;
}
