import type { Edit } from './composer/edit.ts';

/** What a key does while the composer has the keys: an edit, or one of these. */
export type Action =
  | Edit
  | 'send'
  | 'sendQueued'
  | 'takeBack'
  | 'up'
  | 'down'
  | 'pageUp'
  | 'pageDown'
  | 'scrollToTop'
  | 'scrollToEnd'
  | 'escape'
  | 'leave'
  | 'leaveIfEmpty'
  | 'redraw'
  | 'toggleDetail'
  | 'openPager';

interface Binding {
  readonly keys: readonly string[];
  readonly action: Action;
  /** For the help; null where nobody needs to be told. */
  readonly help: string | null;
}

/** One line for each thing that keys do. */
export const bindings: readonly Binding[] = [
  { keys: ['enter'], action: 'send', help: 'send; while a turn runs: steer it; !ls runs ls' },
  { keys: ['tab'], action: 'sendQueued', help: 'queue while a turn runs; complete a /command or @file' },
  { keys: ['alt+up'], action: 'takeBack', help: 'take the last queued prompt back to change it' },
  { keys: ['shift+enter', 'alt+enter', 'ctrl+j', 'ctrl+enter'], action: 'newline', help: 'new line (ctrl+j too)' },
  { keys: ['escape'], action: 'escape', help: 'interrupt the running turn' },
  { keys: ['ctrl+c'], action: 'leave', help: 'clear the composer; twice: quit, the turn goes on' },
  { keys: ['ctrl+d'], action: 'leaveIfEmpty', help: 'quit when nothing is typed, else delete forward' },
  { keys: ['up', 'ctrl+p'], action: 'up', help: 'row up, then earlier prompts' },
  { keys: ['down', 'ctrl+n'], action: 'down', help: 'row down, then later prompts' },
  { keys: ['pageup', 'shift+up'], action: 'pageUp', help: 'scroll up' },
  { keys: ['pagedown', 'shift+down'], action: 'pageDown', help: 'scroll down' },
  { keys: ['ctrl+home', 'shift+home'], action: 'scrollToTop', help: 'to the first row' },
  { keys: ['ctrl+end', 'shift+end'], action: 'scrollToEnd', help: 'to the last row' },
  { keys: ['ctrl+o'], action: 'toggleDetail', help: 'all of outputs and diffs, or their ends' },
  { keys: ['ctrl+t'], action: 'openPager', help: 'read the whole transcript' },
  { keys: ['ctrl+l'], action: 'redraw', help: 'draw the screen again' },
  { keys: ['left', 'ctrl+b'], action: 'left', help: null },
  { keys: ['right', 'ctrl+f'], action: 'right', help: null },
  { keys: ['alt+b', 'ctrl+left', 'alt+left'], action: 'wordLeft', help: 'a word back' },
  { keys: ['alt+f', 'ctrl+right', 'alt+right'], action: 'wordRight', help: 'a word on' },
  { keys: ['ctrl+a', 'home'], action: 'lineStart', help: "line's start; with nothing typed: the first row" },
  { keys: ['ctrl+e', 'end'], action: 'lineEnd', help: "line's end; with nothing typed: the last row" },
  { keys: ['backspace', 'shift+backspace'], action: 'deleteBackward', help: null },
  { keys: ['delete'], action: 'deleteForward', help: null },
  { keys: ['ctrl+w', 'alt+backspace', 'ctrl+backspace'], action: 'deleteWordBackward', help: 'delete the word before' },
  { keys: ['alt+d', 'ctrl+delete', 'alt+delete'], action: 'deleteWordForward', help: 'delete the word after' },
  { keys: ['ctrl+k'], action: 'cutToLineEnd', help: "cut to the line's end" },
  { keys: ['ctrl+u'], action: 'cutToLineStart', help: "cut to the line's start" },
  { keys: ['ctrl+y'], action: 'yank', help: 'put in what was cut' },
];

const actions = new Map(bindings.flatMap(({ keys, action }) => keys.map((key) => [key, action] as const)));

export function actionOf(keyName: string): Action | null {
  return actions.get(keyName) ?? null;
}
