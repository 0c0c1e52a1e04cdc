/** What a person did at the terminal. */
export type InputEvent =
  /** One typed character (a whole code point). */
  | { readonly type: 'text'; readonly text: string }
  /** A key that types nothing, such as `enter`, `ctrl+c`, `alt+b`, `shift+tab`; modifiers in the order ctrl, alt, shift. */
  | { readonly type: 'key'; readonly name: string }
  /** A whole paste; its line ends are line feeds. */
  | { readonly type: 'paste'; readonly text: string }
  /** The terminal window got or lost the focus. */
  | { readonly type: 'focus'; readonly isFocused: boolean };

export interface Modifiers {
  readonly ctrl: boolean;
  readonly alt: boolean;
  readonly shift: boolean;
}

export const NO_MODIFIERS: Modifiers = { ctrl: false, alt: false, shift: false };

/** Reads the modifier number of a sequence: 1 + shift 1 + alt 2 + ctrl 4 (super and the locks are left out). */
export function modifiersOf(parameter: string | undefined): Modifiers {
  const bits = Math.max(0, Number.parseInt(parameter ?? '1', 10) - 1) || 0;
  return { shift: (bits & 1) !== 0, alt: (bits & 2) !== 0, ctrl: (bits & 4) !== 0 };
}

/** A named key with its modifiers as one event. */
export function keyEvent(name: string, { ctrl, alt, shift }: Modifiers = NO_MODIFIERS): InputEvent {
  return { type: 'key', name: `${ctrl ? 'ctrl+' : ''}${alt ? 'alt+' : ''}${shift ? 'shift+' : ''}${name}` };
}
