import { expect, test } from 'vitest';
import { type FileState, planPatch, touchedPaths } from '../../../machines/patch/apply-patch.ts';
import { applyUpdate } from '../../../machines/patch/apply-update.ts';
import { extractHeredocPatch } from '../../../machines/patch/heredoc.ts';
import { type Chunk, type Patch, parsePatch } from '../../../machines/patch/parse-patch.ts';
import { PatchError } from '../../../machines/patch/patch-error.ts';
import fc from '../../support/fast-check.ts';
import { readPatchFixture, scenarios } from './scenarios.ts';

/** A line of a file, and what the edit does to it; added lines stand above it. */
interface EditedLine {
  readonly text: string;
  readonly isRemoved: boolean;
  readonly added: readonly string[];
}

const odd = [
  '',
  ' ',
  '\t',
  'a',
  'b ',
  '  a',
  '@@',
  '*** End Patch',
  '+',
  '-a',
  '\u201cq\u201d',
  'é',
  '🙂',
  '\ufeff',
  'a\rb',
];
const lineText = fc.oneof(
  fc.constantFrom(...odd),
  fc.string({ unit: 'binary' }).map((text) => text.replace(/[\n\0]/g, '.').replace(/\r+$/, '')),
);
const editedLine: fc.Arbitrary<EditedLine> = fc.record({
  text: lineText,
  isRemoved: fc.boolean(),
  added: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, fc.array(lineText, { maxLength: 3 })),
});
const lineEnd = fc.constantFrom('\n', '\r\n');

const toText = (lines: readonly string[], end: string): string => lines.map((line) => line + end).join('');
const oldTexts = (lines: readonly EditedLine[]): string[] => lines.map((line) => line.text);
const newTexts = (lines: readonly EditedLine[]): string[] =>
  lines.flatMap((line) => [...line.added, ...(line.isRemoved ? [] : [line.text])]);
const patchLines = (lines: readonly EditedLine[]): string[] =>
  lines.flatMap((line) => [...line.added.map((text) => `+${text}`), `${line.isRemoved ? '-' : ' '}${line.text}`]);

function wrapUpdate(lines: readonly string[]): string {
  return ['*** Begin Patch', '*** Update File: f', ...lines, '*** End Patch'].join('\n');
}

function chunksOf(text: string): readonly Chunk[] {
  const [hunk] = parsePatch(text).hunks;
  if (hunk?.kind !== 'update') throw new Error('expected an update');
  return hunk.chunks;
}

test('a patch made from an edit, with all the file as context, gives the edited file', () => {
  fc.assert(
    fc.property(fc.array(editedLine, { minLength: 1 }), lineEnd, fc.boolean(), (lines, end, isMarked) => {
      const text = wrapUpdate(['@@', ...patchLines(lines), ...(isMarked ? ['*** End of File'] : [])]);
      const edited = applyUpdate('/f', toText(oldTexts(lines), end), chunksOf(text));
      expect(edited).toBe(toText(newTexts(lines), end));
    }),
    { numRuns: 1000 },
  );
});

test('so does a patch of several chunks with little context, when the lines differ', () => {
  const parts = fc.array(fc.array(editedLine, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(parts, lineEnd, fc.array(fc.boolean()), (generated, end, isPatched) => {
      // Numbered in front, so that no line is like another; a part without a chunk stays as it is.
      const numbered = generated.map((part, at) =>
        part.map((line, row) => ({ ...line, text: `${at}.${row} ${line.text}.` })),
      );
      const isEdited = (at: number): boolean => isPatched[at] ?? true;
      const chunks = numbered.flatMap((part, at) => (isEdited(at) ? ['@@', ...patchLines(part)] : []));
      fc.pre(chunks.length > 0);

      const edited = applyUpdate('/f', toText(oldTexts(numbered.flat()), end), chunksOf(wrapUpdate(chunks)));
      const expected = numbered.flatMap((part, at) => (isEdited(at) ? newTexts(part) : oldTexts(part)));
      expect(edited).toBe(toText(expected, end));
    }),
    { numRuns: 500 },
  );
});

test('parsing and planning throw nothing but PatchError, whatever the text', () => {
  const word = fc.constantFrom(
    '*** Begin Patch\n',
    '*** End Patch',
    '*** Add File: a',
    '*** Delete File: b',
    '*** Update File: c',
    '*** Move to: d',
    '*** End of File',
    '@@',
    '@@ x',
    '+',
    '-',
    ' ',
    '\n',
    '\r\n',
    '\0',
    '<<EOF\n',
    'EOF',
    '*** Environment ID: ',
    'x',
  );
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(word).map((words) => words.join('')),
    fc.array(word).map((words) => ['*** Begin Patch', ...words, '*** End Patch'].join('\n')),
  );
  fc.assert(fc.property(text, expectOnlyPatchErrors), { numRuns: 3000 });
});

test('so they do for valid patches with something cut out and something put in', () => {
  const fixtures = scenarios.map(({ name }) => readPatchFixture(name));
  const mutated = fc
    .tuple(fc.constantFrom(...fixtures), fc.nat(), fc.nat({ max: 30 }), fc.string({ maxLength: 4, unit: 'binary' }))
    .map(([text, at, count, inserted]) => {
      const start = at % (text.length + 1);
      return text.slice(0, start) + inserted + text.slice(start + count);
    });
  fc.assert(fc.property(mutated, expectOnlyPatchErrors), { numRuns: 3000 });
});

function expectOnlyPatchErrors(text: string): void {
  expect(extractHeredocPatch(text)?.patch ?? '').toBeTypeOf('string');
  try {
    plan(parsePatch(text));
  } catch (error) {
    expect(error).toBeInstanceOf(PatchError);
  }
}

function plan(patch: Patch): void {
  const resolve = (path: string): string => `/${path}`;
  const state: FileState = { kind: 'text', text: 'one\n\nx\n' };
  planPatch(patch, new Map(touchedPaths(patch, resolve).map((path) => [path, state])), resolve);
}

/** A file's lines with their ends, so that a changed line end is seen too; the last one counts as ended. */
function rawLines(text: string): string[] {
  return (text.match(/[^\n]*\n|[^\n]+$/g) ?? []).map((line) =>
    line.replace(/[\r\n]+$/, (end) => (end.endsWith('\n') ? end : '')),
  );
}

test('applying never changes a line outside the chunk', () => {
  const few = fc.constantFrom('', ' ', 'a', 'a ', ' a', '\u201ca\u201d', '"a"', 'b');
  const file = fc.array(fc.tuple(few, lineEnd), { minLength: 1, maxLength: 12 });
  const chunkLine = fc.tuple(fc.constantFrom(' ', '-', '+'), few).map(([mark, text]) => mark + text);
  const chunk = fc.array(chunkLine, { minLength: 1, maxLength: 4 });
  let appliedCount = 0;
  fc.assert(
    fc.property(file, chunk, fc.boolean(), (fileLines, lines, isMarked) => {
      const text = fileLines.map(([line, end]) => line + end).join('');
      const chunks = chunksOf(wrapUpdate(['@@', ...lines, ...(isMarked ? ['*** End of File'] : [])]));
      const edited = applyOrNull(text, chunks);
      if (edited === null) return;
      appliedCount += 1;
      expect(isSplice(rawLines(text), rawLines(edited), lines)).toBe(true);
    }),
    { numRuns: 5000 },
  );
  // The property would be empty if next to nothing matched.
  expect(appliedCount).toBeGreaterThan(1000);
});

function applyOrNull(text: string, chunks: readonly Chunk[]): string | null {
  try {
    return applyUpdate('/f', text, chunks);
  } catch (error) {
    expect(error).toBeInstanceOf(PatchError);
    return null;
  }
}

/** Is there a place where only as many lines as the chunk removes differ, the others being equal before and behind? */
function isSplice(before: readonly string[], after: readonly string[], lines: readonly string[]): boolean {
  const oldCount = lines.filter((line) => !line.startsWith('+')).length;
  return before.concat('').some((_, at) =>
    // An empty last line of the chunk may have been left out.
    [oldCount, oldCount - 1].some((count) => {
      const tail = before.slice(at + Math.max(0, count));
      const head = before.slice(0, at);
      const isHead = head.every((line, index) => after[index] === line);
      return (
        isHead &&
        after.length >= at + tail.length &&
        tail.every((line, index) => after.at(index - tail.length) === line)
      );
    }),
  );
}
