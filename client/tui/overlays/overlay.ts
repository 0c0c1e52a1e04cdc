import type { Effect, Model } from '../model.ts';
import type { Line, Size } from '../view/line.ts';

/** What an overlay may look at. The size is that of the whole terminal. */
export interface OverlayContext {
  readonly model: Model;
  readonly size: Size;
}

/**
 * Something on top of the transcript that takes the keys: a value with two functions, what a key does and what it
 * looks like.
 */
export interface Overlay {
  readonly id: OverlayId;
  /** The id of what it asks a person about in the thread: a question, a turn; null for all else. */
  readonly subject: string | null;
  /** Keys that it leaves to what lies below. */
  readonly passes?: readonly string[];
  /** For a question of the daemon: the same when its answer did not get through, to be answered again. */
  readonly failed?: (why: string) => Overlay;
  /** `panel` takes the composer's place, `screen` all of the terminal above the status row. */
  readonly placement: 'panel' | 'screen';
  /** A key's name, or the character that was typed. */
  readonly press: (keyName: string, context: OverlayContext) => OverlayOutcome;
  /** What a paste does; without it nothing. */
  readonly paste?: (text: string, context: OverlayContext) => OverlayOutcome;
  /** At most `rows` rows of at most `columns` cells. */
  readonly view: (context: OverlayContext, space: Size) => readonly Line[];
}

export type OverlayId =
  | 'approval'
  | 'elicitation'
  | 'help'
  | 'login'
  | 'mcp'
  | 'modelPicker'
  | 'pager'
  | 'planOffer'
  | 'queue'
  | 'status'
  | 'threadPicker'
  | 'userInput'
  | 'who';

export type OverlayOutcome =
  | { readonly kind: 'stay'; readonly overlay: Overlay; readonly effects?: readonly Effect[] }
  | { readonly kind: 'close'; readonly effects: readonly Effect[] };

export const close: OverlayOutcome = { kind: 'close', effects: [] };
