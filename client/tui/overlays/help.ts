import { bindings } from '../keymap.ts';
import { type Line, row, span } from '../view/line.ts';
import type { Overlay } from './overlay.ts';
import { createTextScreen } from './text-screen.ts';

interface CommandHelp {
  readonly name: string;
  readonly argument: string | null;
  readonly help: string;
}

/** Keys and commands, out of their tables. */
export function createHelp(commands: readonly CommandHelp[]): Overlay {
  const entry = (left: string, right: string): Line => [span(`  ${left.padEnd(22)} `, 'accent'), span(right)];
  return createTextScreen('help', [
    row('Keys', 'title'),
    ...bindings
      .filter(({ help }) => help !== null)
      .map(({ keys, help }) => entry(keys.slice(0, 2).join(', '), help ?? '')),
    row(''),
    row('Commands', 'title'),
    ...commands.map(({ name, argument, help }) => entry(`/${name}${argument === null ? '' : ` ${argument}`}`, help)),
  ]);
}
