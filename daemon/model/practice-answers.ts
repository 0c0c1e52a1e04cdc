import { randomUUID } from 'node:crypto';
import type { Clock } from '../deps.ts';

/** Between two pieces of text, so that a person sees the answer appear. */
const PIECE_PAUSE_MS = 12;

/** The practice model's `fetch`, loaded at its first use. */
export function createPracticeAnswers(clock: Clock): () => Promise<typeof globalThis.fetch> {
  return async () => {
    const { createPracticeFetch } = await import('./practice/practice-fetch.ts');
    return createPracticeFetch({
      pause: () => new Promise((resolve) => void clock.setTimeout(resolve, PIECE_PAUSE_MS)),
      createId: randomUUID,
      now: clock.now,
    });
  };
}
