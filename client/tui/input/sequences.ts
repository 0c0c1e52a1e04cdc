import { type InputEvent, keyEvent, type Modifiers, modifiersOf } from './events.ts';

const LETTER_KEYS: Readonly<Record<string, string>> = {
  A: 'up',
  B: 'down',
  C: 'right',
  D: 'left',
  E: 'begin',
  F: 'end',
  H: 'home',
  M: 'enter',
  P: 'f1',
  Q: 'f2',
  R: 'f3',
  S: 'f4',
};

const TILDE_KEYS: Readonly<Record<string, string>> = {
  1: 'home',
  2: 'insert',
  3: 'delete',
  4: 'end',
  5: 'pageup',
  6: 'pagedown',
  7: 'home',
  8: 'end',
  11: 'f1',
  12: 'f2',
  13: 'f3',
  14: 'f4',
  15: 'f5',
  17: 'f6',
  18: 'f7',
  19: 'f8',
  20: 'f9',
  21: 'f10',
  23: 'f11',
  24: 'f12',
};

/** Code points that the kitty protocol gives to keys; the rest of its private block is the key pad and media keys. */
const CODED_KEYS: Readonly<Record<number, string>> = {
  8: 'backspace',
  9: 'tab',
  10: 'enter',
  13: 'enter',
  27: 'escape',
  127: 'backspace',
  57414: 'enter',
  57417: 'left',
  57418: 'right',
  57419: 'up',
  57420: 'down',
  57421: 'pageup',
  57422: 'pagedown',
  57423: 'home',
  57424: 'end',
  57425: 'insert',
  57426: 'delete',
};
const FIRST_PRIVATE = 57344;
const LAST_PRIVATE = 63743;
const KEY_PAD_ZERO = 57399;
const RELEASED = '3';

/** The event of a complete CSI sequence, or null for one that means nothing here (reports, unknown keys, releases). */
export function controlSequenceEvent(parameters: string, final: string): InputEvent | null {
  if (final === 'I' || final === 'O') return parameters === '' ? { type: 'focus', isFocused: final === 'I' } : null;
  if (final === 'Z') return keyEvent('tab', { ctrl: false, alt: false, shift: true });
  if (/[^0-9;:]/.test(parameters)) return null;
  const [first = '', second, third] = parameters.split(';');
  const [modifier, action] = (second ?? '').split(':');
  if (action === RELEASED) return null;
  const modifiers = modifiersOf(modifier === '' ? undefined : modifier);
  if (final === '~' && first === '27') return codedKey(Number(third), modifiers);
  if (final === 'u') return codedKey(Number(first.split(':')[0]), modifiers);
  const name = final === '~' ? TILDE_KEYS[first] : LETTER_KEYS[final];
  return name === undefined ? null : keyEvent(name, modifiers);
}

/** The event of ESC O and a letter: arrows and function keys in application mode. */
export function singleShiftEvent(parameters: string, final: string): InputEvent | null {
  const name = LETTER_KEYS[final];
  return name === undefined ? null : keyEvent(name, modifiersOf(parameters === '' ? undefined : parameters));
}

function codedKey(codePoint: number, modifiers: Modifiers): InputEvent | null {
  const named = CODED_KEYS[codePoint];
  if (named !== undefined) return keyEvent(named, modifiers);
  if (codePoint >= KEY_PAD_ZERO && codePoint < KEY_PAD_ZERO + 10) {
    return { type: 'text', text: String(codePoint - KEY_PAD_ZERO) };
  }
  const isCharacter =
    codePoint >= 32 && codePoint <= 0x10ffff && !(codePoint >= FIRST_PRIVATE && codePoint <= LAST_PRIVATE);
  if (!isCharacter || (codePoint >= 0xd800 && codePoint <= 0xdfff)) return null;
  const character = String.fromCodePoint(codePoint);
  if (modifiers.ctrl || modifiers.alt) return keyEvent(character === ' ' ? 'space' : character, modifiers);
  return { type: 'text', text: modifiers.shift ? character.toUpperCase() : character };
}

const CONTROL_NAMES: Readonly<Record<number, string>> = {
  8: 'backspace',
  9: 'tab',
  13: 'enter',
  27: 'escape',
  127: 'backspace',
};

/** The event of one C0 control or DEL as a terminal in raw mode sends it. Line feed is ctrl+j. */
export function controlEvent(code: number, alt: boolean): InputEvent {
  const named = CONTROL_NAMES[code];
  if (named !== undefined) return keyEvent(named, { ctrl: false, alt, shift: false });
  const letter = code === 0 ? 'space' : String.fromCharCode(code + 96 - (code >= 28 ? 32 : 0));
  return keyEvent(letter, { ctrl: true, alt, shift: false });
}
