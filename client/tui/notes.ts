import type { Model, Note } from './model.ts';
import { lastKey } from './view/entries.ts';

/** Puts a line of our own below what the transcript ends with now. */
export function addNote(model: Model, note: Note): Model {
  const key = lastKey(model.snapshot);
  return { ...model, notes: new Map(model.notes).set(key, [...(model.notes.get(key) ?? []), note]) };
}
