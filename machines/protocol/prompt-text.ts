import type { UserInput } from './types/item.ts';

const PREVIEW_CHARACTERS = 200;

/** The words of a prompt. */
export function textOf(input: readonly UserInput[]): string {
  return input.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n\n');
}

/** The words of a prompt in one line, cut: what a list of threads shows. */
export function previewOf(input: readonly UserInput[]): string {
  return textOf(input)
    .slice(0, PREVIEW_CHARACTERS * 4)
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, PREVIEW_CHARACTERS);
}
