import { describe, expect, test } from 'vitest';
import { createComposer } from '../../../../client/tui/composer/composer.ts';
import { mentionAt, mentionPath } from '../../../../client/tui/composer/mention.ts';

/** A composer from a text in which `|` marks the cursor. */
function composerOf(marked: string) {
  const cursor = marked.indexOf('|');
  return { ...createComposer(), text: marked.replace('|', ''), cursor };
}

describe('the mention at the cursor', () => {
  test.each([
    ['@|', { query: '', start: 0, end: 1 }],
    ['@src/ab|', { query: 'src/ab', start: 0, end: 7 }],
    ['look at @a|', { query: 'a', start: 8, end: 10 }],
    ['line\n@a|', { query: 'a', start: 5, end: 7 }],
    ['@fo|o.ts bar', { query: 'foo.ts', start: 0, end: 7 }],
    ['@|foo', { query: 'foo', start: 0, end: 4 }],
    ['全角 @日本|', { query: '日本', start: 3, end: 6 }],
    ['@a@b|', { query: 'a@b', start: 0, end: 4 }],
  ])('of %j', (marked, mention) => {
    expect(mentionAt(composerOf(marked))).toEqual(mention);
  });

  test.each(['|', 'plain|', 'mail me@home|', '@a b|', '|@a', 'a |@b', '@a |'])('is none in %j', (marked) => {
    expect(mentionAt(composerOf(marked))).toBeNull();
  });
});

describe('a path takes the place of the mention', () => {
  test.each([
    ['see @ab|', 'src/abc.ts', 'see src/abc.ts |'],
    ['see @a|b and go', 'abc.ts', 'see abc.ts |and go'],
    ['@a|\nnext', 'abc.ts', 'abc.ts\n|next'],
    ['@a|', 'my notes.txt', '"my notes.txt" |'],
    ['@a|', 'it’s "so".txt', '"it’s \\"so\\".txt" |'],
    ['@a|', 'odd\nname', '"odd\\nname" |'],
    ['@a|', 'src/日本語/', 'src/日本語/ |'],
  ])('in %j: %j', (marked, path, then) => {
    const composer = composerOf(marked);
    const mention = mentionAt(composer);
    if (mention === null) throw new Error('no mention');

    const { text, cursor } = mentionPath(composer, mention, path);

    expect(`${text.slice(0, cursor)}|${text.slice(cursor)}`).toBe(then);
  });
});
