import fuzzysort from 'fuzzysort';
import type { Effect } from '../model.ts';
import { fitLine, type Line, lineText, row, type Size, span } from '../view/line.ts';
import type { Overlay, OverlayId, OverlayOutcome } from './overlay.ts';
import { close } from './overlay.ts';
import { withFoot } from './scroll-area.ts';

/** Something to choose. */
export interface Choice {
  /** What the filter looks at, and the row's text. */
  readonly label: string;
  readonly detail: Line;
  /** What choosing does: effects and the end, or another overlay. */
  readonly choose: () => readonly Effect[] | Overlay;
}

export interface PickerOptions {
  readonly id: OverlayId;
  readonly title: string;
  /** Shown instead of the list when there is nothing to choose. */
  readonly empty: string;
  readonly choices: readonly Choice[];
  /** Which one is chosen at first. */
  readonly chosen: number;
}

/** A list with a filter: type to filter, up and down, enter, esc. */
export function createPicker(options: PickerOptions): Overlay {
  return overlayOf(options, '', options.chosen);
}

function overlayOf(options: PickerOptions, filter: string, chosen: number): Overlay {
  return {
    id: options.id,
    subject: null,
    placement: 'screen',
    press: (keyName) => press(options, filter, chosen, keyName),
    view: (_, space) => view(options, filter, chosen, space),
  };
}

function matching(options: PickerOptions, filter: string): readonly Choice[] {
  if (filter.trim() === '') return options.choices;
  return fuzzysort
    .go(filter, options.choices, { keys: ['label', (choice) => lineText(choice.detail)] })
    .map(({ obj }) => obj);
}

function press(options: PickerOptions, filter: string, chosen: number, keyName: string): OverlayOutcome {
  const found = matching(options, filter);
  const stay = (nextFilter: string, next: number): OverlayOutcome => ({
    kind: 'stay',
    overlay: overlayOf(options, nextFilter, Math.max(0, Math.min(next, found.length - 1))),
  });
  switch (keyName) {
    case 'escape':
    case 'ctrl+c':
      return close;
    case 'up':
    case 'shift+tab':
    case 'ctrl+p':
      return stay(filter, chosen - 1);
    case 'down':
    case 'tab':
    case 'ctrl+n':
      return stay(filter, chosen + 1);
    case 'pageup':
      return stay(filter, chosen - 10);
    case 'pagedown':
      return stay(filter, chosen + 10);
    case 'backspace':
      return { kind: 'stay', overlay: overlayOf(options, Array.from(filter).slice(0, -1).join(''), 0) };
    case 'ctrl+u':
      return { kind: 'stay', overlay: overlayOf(options, '', 0) };
    case 'enter':
      return chosenOutcome(found[chosen]);
    default:
      if (Array.from(keyName).length > 1) return stay(filter, chosen);
      return { kind: 'stay', overlay: overlayOf(options, filter + keyName, 0) };
  }
}

function chosenOutcome(choice: Choice | undefined): OverlayOutcome {
  if (choice === undefined) return close;
  const result = choice.choose();
  return 'press' in result ? { kind: 'stay', overlay: result } : { kind: 'close', effects: result };
}

function view(options: PickerOptions, filter: string, chosen: number, { columns, rows }: Size): readonly Line[] {
  const found = matching(options, filter);
  const head = fitLine(
    [span(options.title, 'title'), span(filter === '' ? '' : `  filter: ${filter}`, 'accent')],
    columns,
  );
  const foot = fitLine(row('type to filter · enter choose · esc close', 'dim'), columns);
  const space = Math.max(1, rows - 2);
  const first = Math.max(0, Math.min(chosen - Math.floor(space / 2), found.length - space));
  const list = found.slice(first, first + space).map(({ label, detail }, index): Line => {
    const isChosen = first + index === chosen;
    return fitLine(
      [span(isChosen ? '› ' : '  ', 'accent'), span(label, isChosen ? 'selected' : 'plain'), span('  '), ...detail],
      columns,
    );
  });
  const none = options.choices.length === 0 ? options.empty : 'nothing fits the filter';
  return withFoot([head, ...(list.length === 0 ? [fitLine(row(`  ${none}`, 'dim'), columns)] : list)], foot, rows);
}
