import { describe, expect, test } from 'vitest';
import { type Composer, cleared, createComposer, withText } from '../../../../client/tui/composer/composer.ts';
import { type Edit, edit, insert } from '../../../../client/tui/composer/edit.ts';
import { browse, remember } from '../../../../client/tui/composer/history.ts';
import { composerRows, cursorPlace, moveByRow } from '../../../../client/tui/composer/layout.ts';
import { expand, paste } from '../../../../client/tui/composer/paste.ts';
import { textWidth } from '../../../../client/tui/view/width.ts';
import fc from '../../../support/fast-check.ts';

/** A composer written as its text with `|` for the cursor. */
function at(marked: string): Composer {
  const cursor = marked.indexOf('|');
  return { ...createComposer(), text: marked.replace('|', ''), cursor };
}
const marked = ({ text, cursor }: Composer): string => `${text.slice(0, cursor)}|${text.slice(cursor)}`;

describe('edits', () => {
  const cases: readonly { edit: Edit; from: string; to: string }[] = [
    { edit: 'newline', from: 'a|b', to: 'a\n|b' },
    { edit: 'deleteBackward', from: 'ab|', to: 'a|' },
    { edit: 'deleteBackward', from: '|ab', to: '|ab' },
    { edit: 'deleteBackward', from: 'a\n|b', to: 'a|b' },
    { edit: 'deleteBackward', from: 'x👩‍👩‍👧|', to: 'x|' },
    { edit: 'deleteForward', from: '|👍🏽x', to: '|x' },
    { edit: 'deleteWordBackward', from: 'one two  |three', to: 'one |three' },
    { edit: 'deleteWordForward', from: 'one| two three', to: 'one| three' },
    { edit: 'cutToLineEnd', from: 'a|b\nc', to: 'a|\nc' },
    { edit: 'cutToLineEnd', from: 'a|\nc', to: 'a|c' },
    { edit: 'cutToLineStart', from: 'a\nbc|d', to: 'a\n|d' },
    { edit: 'cutToLineStart', from: 'a\n|d', to: 'a|d' },
    { edit: 'left', from: 'e\u0301|', to: '|e\u0301' },
    { edit: 'right', from: '|你好', to: '你|好' },
    { edit: 'wordLeft', from: 'one two|', to: 'one |two' },
    { edit: 'wordRight', from: '|one two', to: 'one| two' },
    { edit: 'lineStart', from: 'a\nbc|', to: 'a\n|bc' },
    { edit: 'lineEnd', from: 'a|b\nc', to: 'ab|\nc' },
  ];
  test.each(cases)('$edit: $from to $to', ({ edit: name, from, to }) => {
    expect(marked(edit(at(from), name))).toBe(to);
  });

  test('what was cut can be put in again', () => {
    const cut = edit(at('one |two'), 'cutToLineEnd');
    expect(marked(edit(edit(cut, 'lineStart'), 'yank'))).toBe('two|one ');
  });
});

describe('rows', () => {
  test.each([
    { text: 'abcdef', columns: 4, rows: ['abc', 'def'] },
    { text: 'ab\n\ncd', columns: 4, rows: ['ab', '', 'cd'] },
    { text: '你好世', columns: 6, rows: ['你好', '世'] },
    { text: '', columns: 4, rows: [''] },
  ])('$text in $columns columns', ({ text, columns, rows }) => {
    expect(composerRows(text, columns).map(({ start, end }) => text.slice(start, end))).toEqual(rows);
  });

  test.each([
    { name: 'down to the same column', from: 'ab|c\nxyz', step: 1 as const, to: 'abc\nxy|z' },
    { name: 'down to a shorter line', from: 'abc|\nx', step: 1 as const, to: 'abc\nx|' },
    { name: 'up into a wide character', from: '你好\nabc|', step: -1 as const, to: '你|好\nabc' },
    { name: 'through a wrapped line', from: 'ab|cdefghi', step: 1 as const, to: 'abcdefg|hi' },
  ])('moves $name', ({ from, step, to }) => {
    const moved = moveByRow(at(from), step, 6);
    expect(moved && marked(moved)).toBe(to);
  });

  test('keeps its column over a short line, and stops at the edges', () => {
    const first = moveByRow(at('abc|\nx\nabc'), 1, 20);
    const second = first && moveByRow(first, 1, 20);
    expect(second && marked(second)).toBe('abc\nx\nabc|');
    expect(moveByRow(at('ab|c'), -1, 20)).toBeNull();
    expect(moveByRow(at('ab|c'), 1, 20)).toBeNull();
  });
});

describe('history', () => {
  test('goes back and forth, and gives the draft back', () => {
    const start = withText(createComposer(['one', 'two']), 'draft');
    let current = start;
    const steps = ([-1, -1, -1, 1, 1, 1] as const).map((step) => {
      const next = browse(current, step);
      current = next ?? current;
      return next;
    });
    expect(steps.map((composer) => composer?.text ?? null)).toEqual(['two', 'one', null, 'two', 'draft', null]);
  });

  test('remembers a prompt once in a row', () => {
    const composer = ['a', 'a', ' ', 'b'].reduce(remember, createComposer());
    expect(composer.history).toEqual(['a', 'b']);
  });
});

describe('pastes', () => {
  const long = Array.from({ length: 12 }, (_, index) => `line ${index}`).join('\n');

  test('a short one is text, without escape sequences', () => {
    expect(paste(at('a|b'), 'x\u001b[31m\ty\nz').text).toBe('ax   y\nzb');
  });

  test('a long one is a label that is one character to edits', () => {
    const pasted = paste(at('a|b'), long);
    expect(marked(pasted)).toBe('a[Pasted text #1, 12 lines]|b');
    expect(expand(pasted)).toBe(`a${long}b`);
    expect(marked(edit(pasted, 'left'))).toBe('a|[Pasted text #1, 12 lines]b');
    expect(marked(edit(pasted, 'deleteBackward'))).toBe('a|b');
  });

  test('labels inside of pasted text stay', () => {
    const pasted = paste(paste(at('|'), `${long}[Pasted text #2, 12 lines]`), long.toUpperCase());
    expect(expand(pasted)).toBe(`${long}[Pasted text #2, 12 lines]${long.toUpperCase()}`);
    expect(cleared(pasted)).toMatchObject({ text: '', cursor: 0, pastes: [] });
  });
});

/** The simplest composer: a list of characters and a place in it. */
interface Plain {
  characters: string[];
  place: number;
}
const composerCommand = (
  run: (plain: Plain) => void,
  edited: (composer: Composer) => Composer,
  name: string,
): fc.Command<Plain, { composer: Composer }> => ({
  check: () => true,
  run(plain, real) {
    run(plain);
    real.composer = edited(real.composer);
    expect(real.composer.text).toBe(plain.characters.join(''));
    expect(real.composer.cursor).toBe(plain.characters.slice(0, plain.place).join('').length);
  },
  toString: () => name,
});

test('the composer does what a list of characters does', () => {
  const typed = fc.constantFrom('a', ' ', '你', '👍', '👩‍👩‍👧', '\n').map((character) =>
    composerCommand(
      (plain) => {
        plain.characters.splice(plain.place, 0, character);
        plain.place += 1;
      },
      (composer) => insert(composer, character),
      `type ${JSON.stringify(character)}`,
    ),
  );
  const named = (name: Edit, run: (plain: Plain) => void) =>
    fc.constant(composerCommand(run, (composer) => edit(composer, name), name));
  const lineBegin = (plain: Plain): number => plain.characters.lastIndexOf('\n', plain.place - 1) + 1;
  const commands = [
    typed,
    named('left', (plain) => {
      plain.place = Math.max(0, plain.place - 1);
    }),
    named('right', (plain) => {
      plain.place = Math.min(plain.characters.length, plain.place + 1);
    }),
    named('deleteBackward', (plain) => {
      if (plain.place > 0) plain.characters.splice(--plain.place, 1);
    }),
    named('deleteForward', (plain) => void plain.characters.splice(plain.place, 1)),
    named('lineStart', (plain) => {
      plain.place = plain.place === 0 ? 0 : lineBegin(plain);
    }),
    named('lineEnd', (plain) => {
      const end = plain.characters.indexOf('\n', plain.place);
      plain.place = end < 0 ? plain.characters.length : end;
    }),
  ];
  fc.assert(
    fc.property(fc.commands(commands, { maxCommands: 60 }), (run) => {
      fc.modelRun(() => ({ model: { characters: [], place: 0 }, real: { composer: createComposer() } }), run);
    }),
  );
});

test('rows hold the whole text, fit, and have a place for every cursor', () => {
  const texts = fc.string({ unit: fc.constantFrom('a', ' ', '你', '👍', '\n'), maxLength: 40 });
  fc.assert(
    fc.property(texts, fc.integer({ min: 4, max: 12 }), (text, columns) => {
      const rows = composerRows(text, columns);
      expect(Math.max(...rows.map(({ start, end }) => textWidth(text.slice(start, end))))).toBeLessThan(columns);
      for (let cursor = 0; cursor <= text.length; cursor += 1) {
        expect(cursorPlace(text, cursor, rows).column).toBeLessThan(columns);
      }
    }),
  );
});
