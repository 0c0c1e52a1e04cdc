import { type InputEvent, keyEvent } from './events.ts';
import { controlEvent, controlSequenceEvent, singleShiftEvent } from './sequences.ts';

/** What has come in and is no event yet. `paste` is the text since a paste began, null outside of one. */
export interface ParserState {
  readonly pending: string;
  readonly paste: string | null;
}

export interface ParserStep {
  readonly state: ParserState;
  readonly events: readonly InputEvent[];
}

export const initialParserState: ParserState = { pending: '', paste: null };

const ESC = '\u001b';
const PASTE_END = `${ESC}[201~`;
/** Longer control sequences are no keys; what a terminal reports in a string sequence may be longer. */
const MAX_SEQUENCE = 64;
const MAX_STRING_SEQUENCE = 8192;

/** One step over the head of the text: an event or nothing, and how many units were used; null asks for more text. */
type Token = { readonly length: number; readonly event: InputEvent | null };

/** Turns the next piece of input into events. However the input is cut into pieces, the events are the same. */
export function feed(state: ParserState, chunk: string): ParserStep {
  let text = state.pending + chunk;
  let paste = state.paste;
  const events: InputEvent[] = [];
  while (text !== '') {
    if (paste !== null) {
      const end = text.indexOf(PASTE_END);
      const safe = end >= 0 ? end : text.length - partialEnd(text);
      paste += text.slice(0, safe);
      text = text.slice(end >= 0 ? end + PASTE_END.length : safe);
      if (end < 0) break;
      events.push(pasteEvent(paste));
      paste = null;
      continue;
    }
    const token = nextToken(text);
    if (token === null) break;
    if (token.event?.type === 'paste') paste = '';
    else if (token.event !== null) events.push(token.event);
    text = text.slice(token.length);
  }
  return { state: { pending: text, paste }, events };
}

/** No more input came for a while: what waits is settled. A lone ESC is the escape key, half a sequence is dropped. */
export function settle(state: ParserState): ParserStep {
  const { pending, paste } = state;
  if (paste !== null) return { state: initialParserState, events: [pasteEvent(paste + pending)] };
  return { state: initialParserState, events: settled(pending) };
}

function settled(pending: string): readonly InputEvent[] {
  if (pending === ESC) return [keyEvent('escape')];
  if (pending.length === 2 && pending.startsWith(ESC))
    return [keyEvent(pending.slice(1), { ctrl: false, alt: true, shift: false })];
  return [];
}

function pasteEvent(text: string): InputEvent {
  return { type: 'paste', text: text.replace(/\r\n?/g, '\n') };
}

/** How much of the text's tail may be the beginning of the paste's end. */
function partialEnd(text: string): number {
  for (let length = Math.min(PASTE_END.length - 1, text.length); length > 0; length -= 1) {
    if (PASTE_END.startsWith(text.slice(-length))) return length;
  }
  return 0;
}

function nextToken(text: string): Token | null {
  const code = text.charCodeAt(0);
  if (text.startsWith(ESC)) return escapeToken(text);
  if (code < 32 || code === 127) return { length: 1, event: controlEvent(code, false) };
  return characterToken(text, 0, (character) => ({ type: 'text', text: character }));
}

/** A whole code point; half a surrogate pair waits for its other half, and C1 controls and strays are dropped. */
function characterToken(text: string, at: number, toEvent: (character: string) => InputEvent): Token | null {
  const code = text.charCodeAt(at);
  const isHigh = code >= 0xd800 && code <= 0xdbff;
  if (isHigh && text.length === at + 1) return null;
  const character = String.fromCodePoint(text.codePointAt(at) ?? 0xfffd);
  const isStray = (code >= 0xd800 && code <= 0xdfff && character.length === 1) || (code >= 0x80 && code < 0xa0);
  return { length: at + character.length, event: isStray || code === 0xfffd ? null : toEvent(character) };
}

function escapeToken(text: string): Token | null {
  const next = text[1];
  if (next === undefined) return null;
  if (next === ESC) return { length: 1, event: keyEvent('escape') };
  if (next === '[') return sequenceToken(text, controlSequenceEvent);
  if (next === 'O') return sequenceToken(text, singleShiftEvent);
  if (next === ']' || next === 'P' || next === '_' || next === '^' || next === 'X') return stringToken(text);
  const code = next.charCodeAt(0);
  if (code < 32 || code === 127) return { length: 2, event: controlEvent(code, true) };
  return characterToken(text, 1, (character) =>
    keyEvent(character === ' ' ? 'space' : character, { ctrl: false, alt: true, shift: false }),
  );
}

/** ESC [ or ESC O, parameters, one final character. A character that cannot belong to it ends it unheard. */
function sequenceToken(text: string, toEvent: (parameters: string, final: string) => InputEvent | null): Token | null {
  for (let at = 2; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (at >= MAX_SEQUENCE) return { length: at, event: null };
    if (code >= 0x20 && code <= 0x3f) continue;
    if (code < 0x40 || code > 0x7e) return { length: at, event: null };
    const sequence = text.slice(2, at);
    if (sequence === '200' && text[at] === '~') return { length: at + 1, event: { type: 'paste', text: '' } };
    return { length: at + 1, event: toEvent(sequence, text.charAt(at)) };
  }
  return null;
}

/** A report of the terminal (ESC ] and its kin) up to BEL or ESC \: skipped. */
function stringToken(text: string): Token | null {
  for (let at = 2; at < text.length; at += 1) {
    if (text[at] === '\u0007') return { length: at + 1, event: null };
    if (text[at] === '\\' && text[at - 1] === ESC) return { length: at + 1, event: null };
    if (at >= MAX_STRING_SEQUENCE) return { length: at, event: null };
  }
  return null;
}
