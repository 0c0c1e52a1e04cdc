/** The text being written: pure data, changed by edit.ts, history.ts and paste.ts. */
export interface Composer {
  readonly text: string;
  /** Position in UTF-16 units, always between two grapheme clusters. */
  readonly cursor: number;
  /** Column that moves up and down keep to, or null after any other edit. */
  readonly goalColumn: number | null;
  /** Texts that the labels in `text` stand for. */
  readonly pastes: readonly Paste[];
  /** What was cut last with ctrl+k, ctrl+u or ctrl+w. */
  readonly cut: string;
  /** Earlier prompts, oldest first. */
  readonly history: readonly string[];
  /** Place in the history and the draft it was left for, or null while writing something new. */
  readonly browsing: { readonly index: number; readonly draft: string } | null;
}

export interface Paste {
  /** Such as `[Pasted text #1, 12 lines]`. */
  readonly label: string;
  readonly text: string;
}

export function createComposer(history: readonly string[] = []): Composer {
  return { text: '', cursor: 0, goalColumn: null, pastes: [], cut: '', history, browsing: null };
}

/** The composer with other text, its cursor at the end. */
export function withText(composer: Composer, text: string): Composer {
  return { ...composer, text, cursor: text.length, goalColumn: null };
}

/** Empty again; the history and the numbering of pastes start from here. */
export function cleared(composer: Composer): Composer {
  return { ...withText(composer, ''), pastes: [], browsing: null };
}
